using TorchSharp;
using VariationalBoN.BestOfN;
using VariationalBoN.Objectives;
using VariationalBoN.Torch;

namespace VariationalBoN.Tests.Torch;

/// <summary>Targets on a device are those of the double core, and what the core refuses they refuse in its words.</summary>
[Collection("Leaks")]
[Trait("Tier", "torch")]
public sealed class TorchTargetsTests
{
    private const double Tolerance = 1e-11;
    private static readonly ScoringIdentity s_origin = new("reference", "judge", "scoring");
    private static readonly Prompt[] s_prompts = ["one", "two", "three"];

    public static TheoryData<string> Objectives => [.. Makers.Keys];

    private static Dictionary<string, Func<IVariationalObjective>> Makers { get; } =
        new()
        {
            ["exact"] = () => new ExactObjective(BestOf(8)),
            ["exact, N = 1"] = () => new ExactObjective(BestOf(1)),
            ["exact, single atom"] = () => new ExactObjective(BestOf(4, RatioEstimator.SingleAtom)),
            ["exact, harmonic"] = () => new ExactObjective(BestOf(4, RatioEstimator.Harmonic)),
            ["exact, leave-one-out"] = () => new ExactObjective(BestOf(8).LeaveOneOut()),
            ["bound"] = () => new LowerBoundObjective(BestOf(8)),
            ["bound, at or below"] = () => new LowerBoundObjective(BestOf(8), CdfSide.AtOrBelow),
            ["bound, N = 1"] = () => new LowerBoundObjective(BestOf(1), CdfSide.Strict),
            ["tilt"] = () => CalibratedTiltObjective.ForN(BestOf(8)),
            ["tilt, leave-one-out"] = () => new CalibratedTiltObjective(BestOf(4).LeaveOneOut(), 3),
            ["tilt, single atom"] = () => new CalibratedTiltObjective(BestOf(4, RatioEstimator.SingleAtom), 3),
            ["Gibbs"] = () => new GibbsObjective(0.3),
            ["clipped exact"] = () => new ClippedObjective(new ExactObjective(BestOf(16)), -2),
            ["clipped twice"] = () => new ClippedObjective(new ClippedObjective(new LowerBoundObjective(BestOf(16)), -1), -3),
            ["clipped Gibbs"] = () => new ClippedObjective(new GibbsObjective(0.5), -0.5),
        };

    [Theory]
    [MemberData(nameof(Objectives))]
    public void Targets_and_gradients_are_those_of_doubles(string name)
    {
        foreach (string device in torch.cuda.is_available() ? new[] { "cpu", "cuda" } : ["cpu"])
        {
            var objective = Makers[name]();
            var scored = Batch();
            double[] expected = objective.LogTargets(scored);
            using var scope = torch.NewDisposeScope();
            using var onDevice = new TorchTargets(objective, torch.device(device));
            var targets = onDevice.LogTargets(scored);
            Assert.Equal((torch.ScalarType.Float64, false), (targets.dtype, targets.requires_grad));
            Assert.Equal([expected.Length], targets.shape);
            double[] actual = targets.cpu().data<double>().ToArray();
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], actual[i], Tolerance * (1 + Math.Abs(expected[i])));

            double[] gradient = Gradient(logProb => ScoreFunction.Loss(logProb, expected, scored.Groups)),
                torchGradient = Gradient(logProb => ScoreFunction.Loss(logProb, onDevice.LogTargets(scored), scored.Groups));
            for (int i = 0; i < gradient.Length; i++)
                Assert.Equal(gradient[i], torchGradient[i], Tolerance * (1 + Math.Abs(gradient[i])));

            double[] Gradient(Func<torch.Tensor, torch.Tensor> loss)
            {
                using var logProb = torch.tensor(
                    [.. scored.Select(item => item.LogReference - 0.25)],
                    dtype: torch.float64,
                    device: torch.device(device),
                    requires_grad: true
                );
                loss(logProb).backward();
                return logProb.grad!.cpu().data<double>().ToArray();
            }
        }
    }

    [Fact]
    public void What_doubles_refuse_is_refused_in_the_same_words()
    {
        var exact = new ExactObjective(BestOf(8));
        AssertRefusedAlike<InvalidOperationException>(exact, Batch(origin: new ScoringIdentity("reference", "another judge", "scoring")));
        AssertRefusedAlike<InvalidOperationException>(
            new ClippedObjective(exact, -1),
            Batch(origin: new ScoringIdentity("another reference", "judge", "scoring"))
        );
        AssertRefusedAlike<InvalidOperationException>(exact, new ScoredBatch(Batch().ToArray(), Batch().Groups));
        AssertRefusedAlike<InvalidOperationException>(new ExactObjective(BestOf(8, origin: ScoringIdentity.Unknown)), Batch());
        AssertRefusedAlike<KeyNotFoundException>(exact, Batch(prompt: "not in the table"));
        AssertRefusedAlike<ArithmeticException>(new GibbsObjective(1e-300), Batch(reward: 1e300));
    }

    [Fact]
    public void Bound_that_is_minus_infinity_is_refused_though_it_is_clipped()
    {
        var bound = new ClippedObjective(new LowerBoundObjective(BestOf(8), CdfSide.Strict), -3);
        var scored = Batch(reward: -100);
        Assert.Throws<ArithmeticException>(() => bound.LogTargets(scored));
        using var targets = new TorchTargets(bound);
        Assert.Contains("-100", Assert.Throws<ArithmeticException>(() => targets.LogTargets(scored)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Objective_without_a_device_form_is_refused_by_name()
    {
        var known = new ExactObjective(new KnownCdfBoNDistribution((_, _) => new LogCdfPair(-1, -0.5), 2));
        var own = new ClippedObjective(new Flat(), -1);
        Assert.All([known, own, (IVariationalObjective)new Flat()], objective => Assert.False(TorchTargets.Supports(objective)));
        Assert.Contains(
            nameof(KnownCdfBoNDistribution),
            Assert.Throws<ArgumentException>(() => new TorchTargets(known)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(nameof(Flat), Assert.Throws<ArgumentException>(() => new TorchTargets(own)).Message, StringComparison.Ordinal);
        Assert.All(Makers.Values, make => Assert.True(TorchTargets.Supports(make())));
    }

    [Fact]
    public void Nothing_is_left_but_the_targets()
    {
        var scored = Batch();
        long before = LiveTensors.Settled();
        foreach (var make in Makers.Values)
        {
            using var targets = new TorchTargets(make());
            long owned = LiveTensors.Now;
            using (targets.LogTargets(scored))
                Assert.Equal(owned + 1, LiveTensors.Now);
            Assert.Equal(owned, LiveTensors.Now);
            if (make().Requires is not null)
                Assert.Throws<KeyNotFoundException>(() => targets.LogTargets(Batch(prompt: "unknown")));
            Assert.Equal(owned, LiveTensors.Now);
        }

        Assert.Equal(before, LiveTensors.Now);
    }

    [Fact]
    public void Loop_takes_its_targets_from_the_device()
    {
        using var scope = torch.NewDisposeScope();
        var scored = Batch();
        var bestOfN = BestOf(8);
        var device = torch.CPU;
        using var logProb = torch.tensor([.. scored.Select(item => item.LogReference)], dtype: torch.float64, requires_grad: true);
        // snippet: targets
        using var targets = new TorchTargets(new ExactObjective(bestOfN), device); // once, before the loop; owns the rewards on the device
        // ... in a step, in place of objective.LogTargets(scored):
        // logProb: policy.LogProb(scored), on the same device
        var loss = ScoreFunction.Loss(logProb, targets.LogTargets(scored), scored.Groups);
        // end snippet
        Assert.True(double.IsFinite(loss.item<double>()));
        Assert.Equal(device.type, targets.Device.type);
    }

    private static void AssertRefusedAlike<T>(IVariationalObjective objective, ScoredBatch scored)
        where T : Exception
    {
        using var targets = new TorchTargets(objective);
        Assert.Equal(
            Assert.Throws<T>(() => objective.LogTargets(scored)).Message,
            Assert.Throws<T>(() => targets.LogTargets(scored)).Message
        );
    }

    private static EmpiricalBoNDistribution BestOf(
        double n,
        RatioEstimator estimator = RatioEstimator.SelfInclusive,
        ScoringIdentity? origin = null
    ) =>
        new(
            s_prompts.Index().ToDictionary(entry => entry.Item, entry => new EmpiricalRewardCdf(Rewards(entry.Index))),
            n,
            estimator,
            null,
            origin ?? s_origin
        );

    /// <summary>M differs; rewards are in steps of 1/4, so that many are equal.</summary>
    private static double[] Rewards(int prompt)
    {
        var random = new CounterRandom(5, $"rewards {prompt}", 0);
        return [.. Enumerable.Range(0, 20 + (30 * prompt)).Select(i => Math.Floor(12 * random.Uniform(i)) / 4)];
    }

    /// <summary>Four completions of each prompt, whose rewards are among those of the reference; one of them may be another.</summary>
    private static ScoredBatch Batch(Prompt? prompt = null, double? reward = null, ScoringIdentity? origin = null)
    {
        var items = s_prompts
            .Index()
            .SelectMany(entry =>
                Rewards(entry.Index)
                    .Skip(3)
                    .Take(4)
                    .Select(
                        (value, i) => new ScoredCompletion(new Completion { Prompt = entry.Item, Text = $"{i}" }, value, -1.5 * (i + 1))
                    )
            )
            .ToList();
        items[5] = new ScoredCompletion(
            new Completion { Prompt = prompt ?? items[5].Completion.Prompt, Text = "5" },
            reward ?? items[5].Reward,
            items[5].LogReference
        );
        return new ScoredBatch(items, items.Select((_, i) => i / 4), origin ?? s_origin);
    }

    private sealed class Flat : IVariationalObjective
    {
        public ScoringIdentity? Requires => null;

        public double LogTarget(ScoredCompletion completion) => completion.LogReference;
    }
}
