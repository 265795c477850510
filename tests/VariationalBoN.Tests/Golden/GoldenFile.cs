using System.Text.Json;

namespace VariationalBoN.Tests.Golden;

/// <summary>Reads the vectors of this folder.</summary>
internal static class GoldenFile
{
    public static IEnumerable<JsonElement> Rows(string name) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Golden", name)).Select(line => JsonDocument.Parse(line).RootElement);

    public static double Number(this JsonElement row, string name)
    {
        JsonElement value = row.GetProperty(name);
        return value.ValueKind == JsonValueKind.String && value.GetString() == "-inf" ? double.NegativeInfinity : value.GetDouble();
    }

    public static void AssertClose(double expected, double actual, double tolerance, string what) =>
        Assert.True(
            expected == actual || Math.Abs(expected - actual) <= tolerance,
            FormattableString.Invariant($"{what}: expected {expected:R}, got {actual:R}, tolerance {tolerance:R}")
        );
}
