package endpoint;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** One line of stdin; what is absent is null, or zero. Names are the suite's and opaque. */
record Command(JsonElement id, String cmd, JsonObject line) {
  private static final Gson GSON = new Gson();

  /** A line of no JSON object is a command without a name, which is unknown. */
  static Command parse(String text) {
    JsonObject line;
    try {
      line = Objects.requireNonNullElseGet(GSON.fromJson(text, JsonObject.class), JsonObject::new);
    } catch (JsonParseException notAnObject) {
      line = new JsonObject();
    }
    line.entrySet().removeIf(field -> field.getValue().isJsonNull());
    Command nameless = new Command(line.get("id"), "", line);
    return new Command(nameless.id(), nameless.text("cmd"), line);
  }

  /** The empty text where absent. */
  String text(String name) {
    return field(name, String.class, "");
  }

  long number(String name) {
    return field(name, Long.class, 0L);
  }

  /** Null where absent. */
  Boolean flag(String name) {
    return field(name, Boolean.class, null);
  }

  boolean isSet(String name) {
    return Boolean.TRUE.equals(flag(name));
  }

  List<String> texts(String name) {
    return List.of(field(name, String[].class, new String[0]));
  }

  @SuppressWarnings("unchecked")
  Map<String, String> headers() {
    return field("headers", Map.class, Map.of());
  }

  /** The bytes to send: those given, or the pattern. */
  byte[] payload() {
    long fill = number("fill");
    return fill > 0 ? Applications.pattern((int) fill) : Base64.getDecoder().decode(text("data"));
  }

  private <T> T field(String name, Class<T> type, T absent) {
    return line.has(name) ? GSON.fromJson(line.get(name), type) : absent;
  }
}
