using CsCheck;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

[Trait("Tier", "fast")]
public sealed class ExpectedMaxTests
{
    /// <summary>The curve leaves out terms below rounding and sums in another order than the single n:
    /// both agree at every n, for every length of the last vector.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(257)]
    [InlineData(1023)]
    public void Curve_is_the_single_n_at_every_n(int samples)
    {
        var random = new CounterRandom(1, "rewards", samples);
        double[] rewards = [.. Enumerable.Range(0, samples).Select(i => 1e3 * random.Normal(i)).Order()];

        double[] curve = ExpectedMax.Curve(rewards);

        Assert.All(Enumerable.Range(1, samples), n => Assert.Equal(ExpectedMax.Of(rewards, n), curve[n - 1], 1e-9));
        Assert.Equal(rewards.Average(), curve[0], 1e-9);
        Assert.Equal(rewards[^1], curve[^1]);
        Assert.Equal(curve[..((samples + 1) / 2)], ExpectedMax.Curve(rewards, (samples + 1) / 2));
    }

    [Fact]
    public void Curve_rises_ever_slower_and_moves_with_the_rewards() =>
        Gen.Select(Gen.Double[-5, 5].Array[2, 20], Gen.Double[-100, 100], Gen.Double[0.1, 10])
            .Sample(
                (values, shift, scale) =>
                {
                    double[] sorted = [.. values.Order()],
                        curve = ExpectedMax.Curve(sorted),
                        moved = ExpectedMax.Curve([.. sorted.Select(r => (scale * r) + shift)]);
                    double[] steps = [.. curve.Skip(1).Zip(curve, (next, before) => next - before)];
                    return steps.All(step => step >= -1e-12)
                        && steps.Skip(1).Zip(steps, (next, before) => next <= before + 1e-12).All(holds => holds)
                        && curve.Zip(moved, (a, b) => Math.Abs((scale * a) + shift - b) < 1e-11).All(holds => holds);
                },
                iter: 100_000
            );

    [Fact]
    public void Rewards_whose_differences_overflow_have_a_finite_expectation()
    {
        double[] rewards = [-1.7e308, -1.7e308, 1.7e308, 1.7e308];
        Assert.Equal(0, ExpectedMax.Of(rewards, 1) / 1.7e308, 1e-15);
        Assert.Equal(2 / 3.0, ExpectedMax.Of(rewards, 2) / 1.7e308, 1e-15); // 1 - 2 * 1/6
        Assert.Equal([0, 2 / 3.0, 1, 1], ExpectedMax.Curve(rewards).Select(value => value / 1.7e308), (a, b) => Math.Abs(a - b) < 1e-15);
    }

    [Fact]
    public void A_largest_n_out_of_range_is_refused()
    {
        Assert.Contains("1 to 2", Assert.Throws<ArgumentOutOfRangeException>(() => ExpectedMax.Curve([1, 2], 3)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => ExpectedMax.Curve([1, 2], 0));
    }
}
