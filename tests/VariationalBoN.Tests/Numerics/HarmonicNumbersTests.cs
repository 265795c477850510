using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

[Trait("Tier", "fast")]
public sealed class HarmonicNumbersTests
{
    /// <summary>Every difference below 200 against the sum itself in decimals of 28 digits, to relative rounding:
    /// what a difference of two sums in doubles would lose.</summary>
    [Fact]
    public void Differences_are_the_sums()
    {
        decimal[] harmonic = new decimal[200];
        for (int k = 1; k < 200; k++)
            harmonic[k] = harmonic[k - 1] + (1m / k);
        for (int k = 0; k < 200; k++)
        {
            for (int m = 0; m < 200; m++)
            {
                double expected = (double)(harmonic[k] - harmonic[m]);
                Assert.Equal(expected, HarmonicNumbers.Difference(k, m), 1e-15 + (2e-15 * Math.Abs(expected)));
            }
        }
    }

    [Theory]
    [InlineData(1_000_000, 999_999)]
    [InlineData(1_000_000, 999_000)]
    [InlineData(100_000, 0)]
    public void Large_and_near_numbers_keep_their_digits(int k, int m)
    {
        double expected = (double)Enumerable.Range(m + 1, k - m).Reverse().Aggregate(0m, (sum, j) => sum + (1m / j));

        Assert.Equal(expected, HarmonicNumbers.Difference(k, m), 1e-14 * expected);
        Assert.Equal(-expected, HarmonicNumbers.Difference(m, k), 1e-14 * expected);
    }
}
