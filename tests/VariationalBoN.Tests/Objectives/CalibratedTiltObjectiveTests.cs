using VariationalBoN.Numerics;
using VariationalBoN.Testing.Worlds;

namespace VariationalBoN.Tests.Objectives;

/// <summary>The tilt by ranks against enumeration: its density, its optimality, and what ties do to the closed forms.</summary>
[Trait("Tier", "fast")]
public sealed class CalibratedTiltObjectiveTests
{
    private const int Atoms = 2000;

    [Theory]
    [InlineData(2)]
    [InlineData(7.5)]
    public void Its_optimum_is_the_reference_times_the_exponential_of_c_F(double n)
    {
        var world = World(ties: true, n);
        var objective = CalibratedTiltObjective.ForN(world.BestOfN);
        Assert.Equal(CalibratedTilt.ForN(n), objective.C);
        double[] weights = new double[world.Sequences];
        for (int y = 0; y < weights.Length; y++)
        {
            double below = 0,
                level = 0;
            for (int z = 0; z < weights.Length; z++)
            {
                below += world.Rewards[z] < world.Rewards[y] ? Math.Exp(world.LogReference[z]) : 0;
                level += world.Rewards[z] == world.Rewards[y] ? Math.Exp(world.LogReference[z]) : 0;
            }

            weights[y] = Math.Exp(world.LogReference[y] + (objective.C * (below + (level / 2))));
        }

        double[] target = world.LogTarget(objective);
        for (int y = 0; y < weights.Length; y++)
            Assert.Equal(Math.Log(weights[y] / weights.Sum()), target[y], 1e-12);
    }

    [Fact]
    public void No_policy_of_its_KL_wins_more_often()
    {
        var world = World(ties: true, n: 4);
        double[] tilt = world.LogTarget(new CalibratedTiltObjective(world.BestOfN, 3));
        double kl = EnumerableWorld.Kl(tilt, world.LogReference),
            win = world.WinRate(tilt);
        var random = new Random(5);
        for (int trial = 0; trial < 200; trial++)
        {
            // Any direction, scaled by bisection until its KL is that of the tilt.
            double[] direction = [.. world.Rewards.Select(reward => reward + (random.NextDouble() * trial / 20))];
            (double low, double high) = (0, 1e4);
            for (int i = 0; i < 100; i++)
            {
                double middle = (low + high) / 2;
                (low, high) = EnumerableWorld.Kl(Tilted(middle), world.LogReference) < kl ? (middle, high) : (low, middle);
            }

            Assert.True(world.WinRate(Tilted(low)) <= win + 1e-9);

            double[] Tilted(double scale)
            {
                double[] log = [.. world.LogReference.Select((p, y) => p + (scale * direction[y]))];
                double normaliser = LogMath.LogSumExp(log);
                return [.. log.Select(p => p - normaliser)];
            }
        }
    }

    [Theory]
    [InlineData(1.5)]
    [InlineData(4)]
    [InlineData(16)]
    public void Without_ties_the_closed_forms_hold_and_with_ties_they_are_bounds(double n)
    {
        double[] fine = [.. Enumerable.Repeat(1.0 / Atoms, Atoms)];
        var continuous = EnumerableWorld.OfAtoms(fine, [.. Enumerable.Range(0, Atoms).Select(i => (double)i)], n);
        var objective = CalibratedTiltObjective.ForN(continuous.BestOfN);
        double[] target = continuous.LogTarget(objective);
        Assert.Equal(BestOfNMath.KlUpperBound(n), EnumerableWorld.Kl(target, continuous.LogReference), 1e-4);
        Assert.Equal(CalibratedTilt.WinRate(objective.C), continuous.WinRate(target), 1e-4);

        foreach (int levels in new[] { 2, 3, 10 })
        {
            var tied = EnumerableWorld.OfAtoms(fine, [.. Enumerable.Range(0, Atoms).Select(i => (double)(i * levels / Atoms))], n);
            double[] optimum = tied.LogTarget(CalibratedTiltObjective.ForN(tied.BestOfN));
            Assert.True(EnumerableWorld.Kl(optimum, tied.LogReference) < BestOfNMath.KlUpperBound(n));
            Assert.True(tied.WinRate(optimum) < CalibratedTilt.WinRate(objective.C));
        }
    }

    [Fact]
    public void One_draw_is_the_reference_and_large_tilts_stay_finite()
    {
        var world = World(ties: false, n: 1);
        Assert.Equal(
            world.LogReference,
            Enumerable.Range(0, world.Sequences).Select(y => CalibratedTiltObjective.ForN(world.BestOfN).LogTarget(world.Completion(y)))
        );
        double[] far = world.LogTarget(new CalibratedTiltObjective(world.BestOfN, 5000));
        Assert.Equal(world.Rewards.Max(), world.ExpectedReward(far), 1e-9);
        double[] near = world.LogTarget(CalibratedTiltObjective.ForN(world.BestOfN, 1 + 1e-6));
        Assert.Equal(world.WinRate(world.LogReference), world.WinRate(near), 1e-5);
    }

    [Fact]
    public void An_increasing_change_of_the_reward_changes_no_bit()
    {
        var plain = World(ties: true, n: 8);
        var changed = new EnumerableWorld(3, 3, s_logits, [.. plain.Rewards.Select(r => Math.Exp(r / 2) + 3)], 8);
        Assert.Equal(
            plain.LogTarget(CalibratedTiltObjective.ForN(plain.BestOfN)),
            changed.LogTarget(CalibratedTiltObjective.ForN(changed.BestOfN))
        );
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-0.5)]
    public void A_tilt_that_is_not_finite_or_negative_is_refused_by_name(double c)
    {
        var world = World(ties: false, n: 2);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new CalibratedTiltObjective(world.BestOfN, c));
        Assert.Equal("c", error.ParamName);
        Assert.Contains("finite", error.Message, StringComparison.Ordinal);
        Assert.Equal("n", Assert.Throws<ArgumentOutOfRangeException>(() => CalibratedTiltObjective.ForN(world.BestOfN, c)).ParamName);
    }

    private static readonly double[] s_logits = [.. Enumerable.Range(0, 39).Select(i => Math.Sin(i * 1.7))];

    private static EnumerableWorld World(bool ties, double n) =>
        new(3, 3, s_logits, [.. Enumerable.Range(0, 27).Select(y => ties ? Math.Floor(5 * Math.Sin(y * 2.3)) : Math.Sin(y * 2.3))], n);
}
