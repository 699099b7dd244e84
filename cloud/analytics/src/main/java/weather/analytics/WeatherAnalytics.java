package weather.analytics;

public final class WeatherAnalytics {
  public static void main(String[] a) {}
}
