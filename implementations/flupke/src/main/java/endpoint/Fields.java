package endpoint;

import java.util.LinkedHashMap;
import java.util.Map;

/** The fields of one event, by their names in the contract; null is null, which Map.of refuses. */
final class Fields {
  private Fields() {}

  static Map<String, Object> of(Object... namesAndValues) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return fields;
  }
}
