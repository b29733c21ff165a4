package endpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.X509TrustManager;

/** Certificates: our own of PEM files, and who trusts a server's by its hash. */
final class Identity {
  static final String ALIAS = "server";
  static final char[] PASSWORD = "in memory only".toCharArray();

  private Identity() {}

  static KeyStore keyStore(Path certificate, Path key)
      throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    try (InputStream pem = Files.newInputStream(certificate)) {
      Certificate[] chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(pem)
              .toArray(new Certificate[0]);
      store.setKeyEntry(ALIAS, privateKey(key), PASSWORD, chain);
    }
    return store;
  }

  private static PrivateKey privateKey(Path file) throws GeneralSecurityException, IOException {
    String base64 = Files.readString(file).replaceAll("-----[A-Z ]+-----|\\s", "");
    return KeyFactory.getInstance("EC")
        .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
  }

  static X509TrustManager trusting(List<byte[]> sha256Hashes) {
    return new X509TrustManager() {
      @Override
      public void checkClientTrusted(X509Certificate[] chain, String type)
          throws CertificateException {
        throw new CertificateException("no client is expected");
      }

      @Override
      public void checkServerTrusted(X509Certificate[] chain, String type)
          throws CertificateException {
        byte[] seen = digested(chain[0]);
        if (sha256Hashes.stream().noneMatch(hash -> MessageDigest.isEqual(hash, seen))) {
          throw new CertificateException("the certificate has none of the hashes given");
        }
      }

      @Override
      public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
      }
    };
  }

  private static byte[] digested(X509Certificate certificate) throws CertificateException {
    try {
      return MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
    } catch (GeneralSecurityException failure) {
      throw new CertificateException(failure);
    }
  }
}
