using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Testing.Worlds;
using Parameter = TorchSharp.Modules.Parameter;

namespace VariationalBoN.Tests.Training;

[Trait("Tier", "torch")]
public sealed class MovingAnchorTests
{
    private static readonly double[] s_probabilities = [.4, .3, .15, .1, .05];

    [Fact]
    public async Task Two_rounds_of_best_of_2_reach_best_of_4()
    {
        EnumerableWorld world = World(4);
        using TabularPolicy policy = world.Reference();
        TabularPolicy anchor = policy.CloneFrozen();
        for (int round = 0; round < 2; round++)
        {
            var target = new MovingAnchor(anchor, world.RewardModel(), samplesPerPrompt: 256);
            using var adam = new Adam(policy.Parameters, learningRate: 0.05);
            for (int step = 0; step < 500; step++)
            {
                adam.SetLearningRate(0.05 * (1 - (step / 500.0)));
                await StepAsync(policy, target, adam, (round * 1000) + step);
            }

            anchor.Dispose();
            anchor = policy.CloneFrozen();
        }

        anchor.Dispose();
        double[] learned = world.LogProbs(policy.LogitValues());
        Assert.InRange(EnumerableWorld.Kl(learned, world.LogBestOfN), 0, 0.006);
        Assert.InRange(EnumerableWorld.Kl(learned, World(2).LogBestOfN), 0.05, 1); // and it is not Best-of-2
    }

    [Fact]
    public async Task An_anchor_that_moves_a_little_at_every_step_lets_N_grow_and_one_that_stands_does_not()
    {
        (double N, double Kl)[] standing = await FollowAsync(rate: 0),
            moving = await FollowAsync(rate: 0.005);

        Assert.All(standing, seen => Assert.InRange(seen.N, 1.8, 2.2));
        Assert.InRange(moving[0].N, 2.2, 2 * Math.Exp(0.5)); // measured: 2.5, 3.7, 5.6, 8.6
        foreach (((double n, double kl) before, (double n, double kl) after) in moving.Zip(moving.Skip(1)))
        {
            Assert.InRange(after.n / before.n, 1.3, Math.Exp(0.5)); // e^(rate steps) for a policy that keeps up
            Assert.InRange(after.kl - before.kl, 0.2, 0.5); // measured: 0.27, 0.53, 0.85, 1.23
        }
    }

    [Fact]
    public void An_anchor_that_moved_has_a_new_identity_as_soon_as_it_is_said()
    {
        using TabularPolicy policy = World(2).Reference(),
            anchor = policy.CloneFrozen();
        using Table from = new(anchor),
            to = new(policy);
        var target = new MovingAnchor(anchor, World(2).RewardModel(), samplesPerPrompt: 4);
        ScoringIdentity before = target.Scorer.Origin;
        using (torch.no_grad())
            to.parameters().Single().add_(torch.arange(5));

        from.MoveTowards(to, rate: 1);
        target.Moved();

        Assert.NotEqual(before.Reference, target.Scorer.Origin.Reference);
        Assert.Equal((before.RewardModel, before.Scoring), (target.Scorer.Origin.RewardModel, target.Scorer.Origin.Scoring));
    }

    /// <summary>Best-of-2 of an exponential moving average of the policy: after each 100 steps the N whose Best-of-N the policy is nearest
    /// to, and its KL to the first reference.</summary>
    private static async Task<(double N, double Kl)[]> FollowAsync(double rate)
    {
        EnumerableWorld world = World(2);
        using TabularPolicy policy = world.Reference(),
            anchor = policy.CloneFrozen();
        using Table from = new(anchor),
            to = new(policy);
        var target = new MovingAnchor(anchor, world.RewardModel(), samplesPerPrompt: 256);
        using var adam = new Adam(policy.Parameters, learningRate: 0.02);
        var seen = new List<(double, double)>();
        for (int step = 1; step <= 400; step++)
        {
            await StepAsync(policy, target, adam, step);
            from.MoveTowards(to, rate);
            if (step % 100 != 0)
                continue;
            double[] learned = world.LogProbs(policy.LogitValues());
            double nearest = Enumerable
                .Range(10, 300)
                .Select(tenths => tenths / 10.0)
                .MinBy(n => EnumerableWorld.Kl(learned, World(n).LogBestOfN));
            seen.Add((nearest, EnumerableWorld.Kl(learned, world.LogReference)));
        }

        return [.. seen];
    }

    private static EnumerableWorld World(double n) => EnumerableWorld.OfAtoms(s_probabilities, [0, 1, 2, 3, 4], n);

    private static async Task StepAsync(TabularPolicy policy, MovingAnchor target, Adam adam, int seed)
    {
        var bestOfTwo = await target.RefreshAsync(policy.Prompts, n: 2, seed);
        var scored = await target.Scorer.ScoreAsync(policy.Sample(policy.Prompts, 64, seed));
        using var scope = torch.NewDisposeScope();
        var loss = ScoreFunction.Loss(policy.LogProb(scored), new ExactObjective(bestOfTwo).LogTargets(scored), scored.Groups);
        adam.ZeroGrad();
        loss.backward();
        adam.Step();
    }

    [Fact]
    public async Task Bad_input_is_named_and_failures_are_counted_out()
    {
        using var trained = new TabularPolicy(["x"], 3, 1);
        using var policy = trained.CloneFrozen();
        var reward = RewardModel.FromFunction(completion => completion.Tokens[0], "test judge");
        Assert.Throws<ArgumentOutOfRangeException>(() => new MovingAnchor(policy, reward, 0));
        var target = new MovingAnchor(policy, reward, 8);
        await Assert.ThrowsAsync<ArgumentException>(() => target.RefreshAsync([], 2, 0));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => target.RefreshAsync(["x"], 0.5, 0));

        var failing = new MovingAnchor(
            policy,
            RewardModel.FromFunction(completion => completion.Tokens[0] == 0 ? double.NaN : 1, "test judge"),
            16,
            new ScoringOptions { OnFailure = RewardFailure.Exclude }
        );
        var distribution = await failing.RefreshAsync(["x", "x"], 2, seed: 1);
        Assert.InRange(distribution.Cdf("x").Count, 1, 15);
    }

    /// <summary>The table of a policy as a module, which is what moves.</summary>
    private sealed class Table : torch.nn.Module
    {
        private readonly Parameter logits;

        public Table(TabularPolicy policy)
            : base(nameof(Table))
        {
            logits = policy.Logits;
            RegisterComponents();
            Assert.Same(logits, Assert.Single(parameters()));
        }
    }
}
