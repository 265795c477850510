using System.Text.Json;
using VariationalBoN.Objectives;
using VariationalBoN.Testing.Worlds;

namespace VariationalBoN.Tests.Testing.Worlds;

/// <summary>Worlds computed elsewhere with 60 digits (golden_world_*): probabilities, divergences, objectives and gradients.</summary>
[Trait("Tier", "fast")]
public sealed class EnumerableWorldGoldenTests
{
    public static TheoryData<string> Worlds()
    {
        var rows = new TheoryData<string>();
        string folder = Path.Combine(AppContext.BaseDirectory, "Golden");
        foreach (
            string line in File.ReadLines(Path.Combine(folder, "golden_world_public.jsonl"))
                .Append(File.ReadAllText(Path.Combine(folder, "golden_world_large.json")))
        )
            rows.Add(line);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void Sequences_have_their_golden_log_probabilities(string json)
    {
        (var golden, var world, double[] logTheta, _, double tolerance) = Read(json);
        AssertClose(Numbers(golden, "logPiRef"), world.LogReference, tolerance);
        AssertClose(Numbers(golden, "logPiTheta"), logTheta, tolerance);

        // log pi_bon loses digits in proportion to its size: N |log F| of the lowest atoms.
        double[] expected = Numbers(golden, "logPiBon");
        for (int y = 0; y < expected.Length; y++)
            Assert.InRange(
                world.LogBestOfN[y],
                expected[y] - (tolerance * (1 + Math.Abs(expected[y]))),
                expected[y] + (tolerance * (1 + Math.Abs(expected[y])))
            );
        AssertClose(
            Numbers(golden, "fLt"),
            [.. world.Rewards.Select(r => Math.Exp(world.BestOfN.LogCdf(EnumerableWorld.Prompt, r).Below))],
            tolerance
        );
        AssertClose(
            Numbers(golden, "fLe"),
            [.. world.Rewards.Select(r => Math.Exp(world.BestOfN.LogCdf(EnumerableWorld.Prompt, r).AtOrBelow))],
            tolerance
        );
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void Divergences_rewards_and_win_rates_are_golden(string json)
    {
        (var golden, var world, double[] theta, _, double tolerance) = Read(json);
        var (reference, best) = (world.LogReference, world.LogBestOfN);
        AssertClose("klThetaBon", EnumerableWorld.Kl(theta, best));
        AssertClose("klBonTheta", EnumerableWorld.Kl(best, theta));
        AssertClose("klThetaRef", EnumerableWorld.Kl(theta, reference));
        AssertClose("klRefTheta", EnumerableWorld.Kl(reference, theta));
        AssertClose("klBonRef", EnumerableWorld.Kl(best, reference));
        AssertClose("expRewardRef", world.ExpectedReward(reference));
        AssertClose("expRewardBon", world.ExpectedReward(best));
        AssertClose("expRewardTheta", world.ExpectedReward(theta));
        AssertClose("winRateTheta", world.WinRate(theta));
        AssertClose("winRateBon", world.WinRate(best));
        AssertClose("J", Objective(new ExactObjective(world.BestOfN)));
        AssertClose("midpointObjective", Objective(new LowerBoundObjective(world.BestOfN, CdfSide.Midpoint)));
        Assert.Equal(CdfSide.AtOrBelow, new LowerBoundObjective(world.BestOfN, CdfSide.AtOrBelow).Side);
        AssertClose("upperU1", Objective(new LowerBoundObjective(world.BestOfN, CdfSide.AtOrBelow)));

        double Objective(IVariationalObjective objective) =>
            Enumerable.Range(0, world.Sequences).Sum(y => Math.Exp(theta[y]) * (objective.LogTarget(world.Completion(y)) - theta[y]));

        void AssertClose(string name, double actual) =>
            Assert.InRange(actual, golden.GetProperty(name).GetDouble() - tolerance, golden.GetProperty(name).GetDouble() + tolerance);
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void Gradients_are_golden(string json)
    {
        (var golden, var world, _, double[] logits, double tolerance) = Read(json);
        AssertClose(Table(golden, "gradJ"), world.ReverseGradient(logits, world.LogTarget(new ExactObjective(world.BestOfN))), tolerance);
        AssertClose(Table(golden, "gradKlThetaRef"), [.. world.ReverseGradient(logits, world.LogReference).Select(g => -g)], tolerance);
        AssertClose(Table(golden, "gradKlBonTheta"), [.. world.ForwardGradient(logits, world.LogBestOfN).Select(g => -g)], tolerance);
    }

    private static (JsonElement Golden, EnumerableWorld World, double[] LogTheta, double[] Theta, double Tolerance) Read(string json)
    {
        JsonElement golden = JsonDocument.Parse(json).RootElement;
        double n = golden.GetProperty("n").GetDouble();
        var world = new EnumerableWorld(
            golden.GetProperty("vocab").GetInt32(),
            golden.GetProperty("length").GetInt32(),
            Table(golden, "refLogits"),
            Numbers(golden, "rewards"),
            n
        );
        double[] theta = Table(golden, "theta");
        return (golden, world, world.LogProbs(theta), theta, 1e-12 * (1 + n));
    }

    private static double[] Numbers(JsonElement golden, string name) => [.. golden.GetProperty(name).EnumerateArray().Select(Number)];

    private static double[] Table(JsonElement golden, string name) =>
        [.. golden.GetProperty(name).EnumerateArray().SelectMany(row => row.EnumerateArray().Select(Number))];

    private static double Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? double.NegativeInfinity : value.GetDouble();

    private static void AssertClose(double[] expected, IReadOnlyList<double> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Count);
        for (int i = 0; i < expected.Length; i++)
            Assert.InRange(actual[i], expected[i] - tolerance, expected[i] + tolerance);
    }
}
