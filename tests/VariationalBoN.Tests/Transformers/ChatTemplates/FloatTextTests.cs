using System.Globalization;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>Floats as Python writes them.</summary>
[Trait("Tier", "fast")]
public sealed class FloatTextTests
{
    [Fact]
    public void What_is_written_reads_back_and_has_Pythons_form()
    {
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++)
        {
            double number = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            if (!double.IsFinite(number))
                continue;
            string text = FloatText.Of(number);

            Assert.Equal(number, double.Parse(text, CultureInfo.InvariantCulture));
            Assert.Matches(@"^-?(\d+\.\d+|\d(\.\d+)?e[-+]\d\d+)$", text);
            double size = Math.Abs(number);
            Assert.Equal(size is >= 1e-4 and < 1e16 || number == 0, !text.Contains('e', StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(0.5, 0, 0)]
    [InlineData(1.5, 0, 2)]
    [InlineData(2.5, 0, 2)]
    [InlineData(-2.5, 0, -2)]
    [InlineData(2.675, 2, 2.67)]
    [InlineData(2.665, 2, 2.67)]
    [InlineData(1234.5, -2, 1200)]
    [InlineData(1e300, 5, 1e300)]
    [InlineData(1e300, -301, 0)]
    [InlineData(6e300, -301, 1e301)]
    [InlineData(5e-324, 323, 0)]
    [InlineData(1e-323, 323, 1e-323)]
    public void Rounding_is_that_of_the_exact_value(double number, int digits, double expected) =>
        Assert.Equal(expected, FloatText.Round(number, digits));

    [Theory]
    [InlineData(2.5, 0, "2", "2e+00", "2")]
    [InlineData(0.125, 2, "0.12", "1.25e-01", "0.12")]
    [InlineData(-1234567.0, 3, "-1234567.000", "-1.235e+06", "-1.23e+06")]
    [InlineData(0.0, 1, "0.0", "0.0e+00", "0")]
    [InlineData(9.9999, 2, "10.00", "1.00e+01", "10")]
    public void Digits_are_cut_as_by_percent_f_e_and_g(double number, int digits, string fix, string scientific, string general)
    {
        Assert.Equal(fix, NumberFormat.Fixed(number, digits));
        Assert.Equal(scientific, NumberFormat.Scientific(number, digits));
        Assert.Equal(general, NumberFormat.General(number, digits));
    }
}
