using VariationalBoN.BestOfN;
using VariationalBoN.Evaluation;
using VariationalBoN.Numerics;
using VariationalBoN.References;
using VariationalBoN.Testing.Worlds;

namespace VariationalBoN.Tests.Evaluation;

[Trait("Tier", "torch")]
public sealed class BestOfNKlTests
{
    private static readonly EnumerableWorld s_world = EnumerableWorld.OfAtoms([0.4, 0.05, 0.25, 0.1, 0.2], [1, 2, 2, 3, 0], n: 6);

    private static double Truth => EnumerableWorld.Kl(s_world.LogBestOfN, s_world.LogReference);

    [Fact]
    public void Samples_that_hold_everything_give_the_exact_divergence()
    {
        Assert.Equal(Truth, BestOfNKl.Exact(Prompt([0, 1, 2, 2, 3, 4, 0]), 6)!.Value, 1e-12);
        Assert.Null(BestOfNKl.Exact(Prompt([0, 1, 2, 2, 4, 4, 0]), 6));
        Assert.Null(BestOfNKl.Exact(new ReferencePrompt("p", [1.0, 2], []), 6));
        Assert.Null(BestOfNKl.TightBound(new ReferencePrompt("p", [1.0, 2], []), 2));
    }

    /// <summary>400 tables of M = 500 samples, n = 6: the level estimate is low by at most about n / M of its size; the mean of the bound
    /// is that of the enumeration within 4 errors, between truth and loose bound.</summary>
    [Fact]
    public void Estimates_from_samples_are_near_what_they_estimate()
    {
        using var reference = s_world.Reference();
        ReferencePrompt[] tables =
        [
            .. Enumerable
                .Range(0, 400)
                .Select(seed => Prompt([.. reference.Sample([EnumerableWorld.Prompt], 500, seed).Select(y => y.Tokens[0])])),
        ];
        var levels = Estimate.FromObservations(tables.Select(table => BestOfNKl.FromLevels(table.Cdf, 6)));
        var tight = Estimate.FromObservations(tables.Select(table => BestOfNKl.TightBound(table, 6)!.Value));
        double expected = Enumerable
            .Range(0, 5)
            .Sum(y => Math.Exp(s_world.LogBestOfN[y]) * BestOfNMath.KlTopAtomBound(6, Math.Exp(s_world.LogReference[y])));

        Assert.InRange(levels.Value, Truth * (1 - (2 * 6.0 / 500)), Truth + (4 * levels.StandardError));
        Assert.InRange(tight.Value, expected - (4 * tight.StandardError), expected + (4 * tight.StandardError));
        Assert.InRange(expected, Truth, BestOfNMath.KlUpperBound(6));
    }

    [Fact]
    public void Continuous_rewards_give_nearly_the_loose_bound_and_never_more()
    {
        var cdf = new EmpiricalRewardCdf(Enumerable.Range(0, 256).Select(i => (double)i));
        foreach (int n in (int[])[1, 2, 8, 64])
            Assert.InRange(BestOfNKl.FromLevels(cdf, n), BestOfNMath.KlUpperBound(n) * (1 - (n / 256.0)), BestOfNMath.KlUpperBound(n));
        Assert.InRange(BestOfNKl.FromLevels(cdf, 1e6), Math.Log(256) - 1e-9, Math.Log(256) + 1e-9);
    }

    [Fact]
    public void N_out_of_range_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => BestOfNKl.Exact(Prompt([0]), 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => BestOfNKl.FromLevels(new EmpiricalRewardCdf([1]), double.NaN));
        Assert.Contains("at most 2", Assert.Throws<ArgumentOutOfRangeException>(() => BestOfNKl.TightBound(Prompt([0, 1]), 3)).Message);
    }

    private static ReferencePrompt Prompt(int[] sequences) => new(EnumerableWorld.Prompt, sequences.Select(s_world.Completion));
}
