using VariationalBoN.Policies;

namespace VariationalBoN.Tests.Policies;

[Trait("Tier", "fast")]
public sealed class InverseCdfTests
{
    private const double Largest = 1 - (1.0 / (1UL << 53)); // the largest u that the generator gives

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(301)]
    public void Draw_inverts_the_cumulative_sum(int size)
    {
        float[] p = [.. Enumerable.Range(0, size).Select(i => (i * 7 % 5) / 16f)]; // exact in binary: no rounding anywhere
        p[size / 2] = 2;
        double total = p.Sum(x => (double)x);
        for (int j = 0; j < 4096; j++)
        {
            double u = j / 4096.0,
                below = 0;
            int expected = 0;
            while ((below += p[expected]) <= u * total)
                expected++;
            Assert.Equal(expected, InverseCdf.Draw(p, u));
        }
    }

    [Fact]
    public void Token_of_probability_zero_is_never_drawn()
    {
        for (int size = 3; size < 140; size++)
        {
            float[] p = new float[size];
            p[1] = 0.1f;
            p[size - 2] = 0.3f;
            Assert.Equal(1, InverseCdf.Draw(p, 0));
            Assert.Equal(size - 2, InverseCdf.Draw(p, Largest));
        }
    }

    [Fact]
    public void Rounding_of_the_sum_never_leads_past_the_last_token()
    {
        var random = new CounterRandom(1, "rounding", 0);
        for (int k = 0; k < 2000; k++)
        {
            float[] p = new float[200];
            for (int i = 0; i < 100; i++)
                p[i] = (float)Math.Exp(40 * (random.Uniform((k * 100) + i) - 1));
            Assert.InRange(InverseCdf.Draw(p, Largest), 0, 99);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(0f)]
    public void What_is_no_distribution_gives_minus_one(float value) => Assert.Equal(-1, InverseCdf.Draw([0, value, 0], 0.5));
}
