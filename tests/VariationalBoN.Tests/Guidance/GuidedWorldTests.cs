using TorchSharp;
using VariationalBoN.Guidance;
using VariationalBoN.Numerics;
using VariationalBoN.Testing.Values;
using VariationalBoN.Testing.Worlds;

namespace VariationalBoN.Tests.Guidance;

/// <summary>Guided decoding with exact values, in worlds whose target is known.</summary>
[Trait("Tier", "torch")]
public sealed class GuidedWorldTests
{
    private const int V = 4,
        L = 3;
    private static readonly double[] s_logits =
    [
        .. Enumerable.Range(0, ((V * V * V) - 1) / (V - 1) * V).Select(i => 1.5 * Math.Sin(i * 2.1)),
    ];

    [Theory]
    [InlineData(1, false)]
    [InlineData(4, false)]
    [InlineData(8.5, true)]
    [InlineData(64, true)]
    public void Exact_values_of_all_tokens_give_best_of_n(double n, bool ties)
    {
        var world = World(n, ties);
        double[] guided = LogProbs(world, RankWeight.BestOf(n), new GuidanceOptions { TopTokens = V });
        for (int y = 0; y < guided.Length; y++)
            Assert.Equal(Math.Exp(world.LogBestOfN[y]), Math.Exp(guided[y]), 1e-12);
        Assert.InRange(EnumerableWorld.Kl(guided, world.LogBestOfN), -1e-12, 1e-10);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(40)]
    public void Exact_values_of_a_tilt_give_the_tilt(double c)
    {
        var world = World(4, ties: true);
        double[] guided = LogProbs(world, RankWeight.Tilt(c), new GuidanceOptions { TopTokens = V });
        Assert.InRange(EnumerableWorld.Kl(guided, world.LogTarget(new CalibratedTiltObjective(world.BestOfN, c))), -1e-12, 1e-10);
    }

    [Fact]
    public void A_weight_at_a_level_is_its_mean_over_the_ranks_of_the_level()
    {
        var world = World(4, ties: true);
        var cdf = world.BestOfN.LogCdf(EnumerableWorld.Prompt, world.Rewards.Order().ElementAt(V * V));
        (double below, double above) = (Math.Exp(cdf.Below), Math.Exp(cdf.AtOrBelow));

        RankWeight bestOf = RankWeight.BestOf(4),
            tilt = RankWeight.Tilt(3);
        Assert.Equal((4, 0, 0, 3), (bestOf.N, bestOf.C, tilt.N, tilt.C));
        Assert.Equal(Math.Log((Math.Pow(above, 4) - Math.Pow(below, 4)) / (above - below)), bestOf.LogAt(cdf), 1e-12);
        Assert.Equal((3 * (below + above) / 2) - Math.Log((Math.Exp(3) - 1) / 3), tilt.LogAt(cdf), 1e-12);
        Assert.Equal(bestOf.LogAt(cdf), bestOf.LogMean(below, above), 1e-12);
    }

    [Fact]
    public void The_values_of_a_prefix_are_the_mean_of_those_of_its_tokens()
    {
        var world = World(4, ties: true);
        using torch.Tensor all = torch.arange(V).reshape(1, V),
            logits = torch.tensor(s_logits[..V]);
        var values = new EnumeratedPrefixValue(world);
        Assert.Null(((IPrefixValue)values).Reference); // the world vouches for its values
        using IPrefixWalk walk = values.Start(
            [EnumerableWorld.Prompt],
            [
                [0],
            ],
            RankWeight.BestOf(4)
        );

        PrefixValues at = walk.Values(null, all);
        using torch.Tensor prefix = at.Prefix,
            tokens = at.Tokens;
        double[] log = tokens.data<double>().ToArray(),
            exponents = [.. s_logits[..V].Select(Math.Exp)];
        double mean = Enumerable.Range(0, V).Sum(a => exponents[a] / exponents.Sum() * Math.Exp(log[a]));
        Assert.Equal(Math.Log(mean), prefix.data<double>()[0], 1e-12);
        Assert.Equal(0, prefix.data<double>()[0], 1e-12); // before the first token the mean weight is 1
    }

    [Fact]
    public void One_weight_is_turned_into_another_without_anything_new()
    {
        var world = World(4, ties: false);
        var policy = Guided(world, RankWeight.BestOf(4), new GuidanceOptions());
        var turned = policy.With(RankWeight.BestOf(16));
        Assert.Equal(LogProbs(world, RankWeight.BestOf(16), new GuidanceOptions()), Values(world, turned));
        Assert.NotEqual(policy.Identity, turned.Identity);
        Assert.Equal(RankWeight.BestOf(16), turned.Weight);
    }

    [Fact]
    public void Fewer_tokens_leave_a_divergence_that_falls_to_nothing_and_full_support()
    {
        var world = World(4, ties: false);
        double[] divergences =
        [
            .. Enumerable
                .Range(1, V)
                .Select(k =>
                {
                    double[] guided = LogProbs(
                        world,
                        RankWeight.BestOf(4),
                        new GuidanceOptions { TopTokens = k, MostRest = double.PositiveInfinity }
                    );
                    Assert.All(guided, log => Assert.True(double.IsFinite(log)));
                    Assert.Equal(1, guided.Sum(Math.Exp), 1e-12);
                    return EnumerableWorld.Kl(guided, world.LogBestOfN);
                }),
        ];

        // V - 1 of V tokens leave one that takes what is left: exact again. With fewer, those outside share one value.
        Assert.InRange(divergences[V - 1], -1e-12, 1e-10);
        Assert.InRange(divergences[V - 2], -1e-12, 1e-5); // the least rest binds where the one left is all but worthless
        Assert.True(divergences[0] > divergences[1] && divergences[1] > 1e-3);
        Assert.True(divergences[0] < EnumerableWorld.Kl(world.LogReference, world.LogBestOfN));
    }

    [Fact]
    public void Bins_beside_the_levels_leave_a_divergence_and_finer_ones_less()
    {
        var world = World(8, ties: false);
        int[] counts = [2, 6, 24, 400];
        double[] divergences =
        [
            .. counts.Select(bins =>
            {
                double[] edges = [.. Enumerable.Range(0, bins + 1).Select(k => k == bins ? 1 : 1 - Math.Pow(1 - ((double)k / bins), 2.5))];
                var value = new EnumeratedPrefixValue(world, edges);
                var policy = new GuidedPolicy(WorldModel.Policy(world), value, RankWeight.BestOf(8), new GuidanceOptions { TopTokens = V });
                return EnumerableWorld.Kl(Values(world, policy), world.LogBestOfN);
            }),
        ];

        Assert.True(divergences[0] > divergences[1] && divergences[1] > divergences[2] && divergences[2] > divergences[3]);
        Assert.InRange(divergences[2], 1e-5, 0.02);
        Assert.InRange(divergences[3], 0, 1e-4);

        // Edges at the levels of the world lose nothing.
        double[] levels =
        [
            0,
            .. world
                .Rewards.Distinct()
                .Order()
                .Select(r => Math.Exp(world.BestOfN.LogCdf(EnumerableWorld.Prompt, r).AtOrBelow))
                .SkipLast(1),
            1,
        ];
        var exact = new GuidedPolicy(
            WorldModel.Policy(world),
            new EnumeratedPrefixValue(world, levels),
            RankWeight.BestOf(8),
            new GuidanceOptions { TopTokens = V }
        );
        Assert.InRange(EnumerableWorld.Kl(Values(world, exact), world.LogBestOfN), -1e-10, 1e-10);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(V)]
    [InlineData(100)]
    public void The_share_of_the_top_tokens_is_their_mean_probability_over_the_prefixes(int k)
    {
        var world = World(4, ties: false);
        var policy = Guided(world, RankWeight.BestOf(4), new GuidanceOptions { TopTokens = k });
        int[] sequences = [5, 40, 63];
        double expected = 0;
        foreach (int[] tokens in sequences.Select(y => world.Completion(y).Completion.Tokens.ToArray()))
        {
            for (int t = 0, first = 0, prefix = 0; t < L; t++)
            {
                double[] weights = [.. s_logits.AsSpan((first + prefix) * V, V).ToArray().Select(Math.Exp).OrderDescending()];
                expected += weights.Take(k).Sum() / weights.Sum() / (L * sequences.Length);
                first += (int)Math.Pow(V, t);
                prefix = (prefix * V) + tokens[t];
            }
        }

        Assert.Equal(expected, policy.TopShare([.. sequences.Select(y => WorldModel.Completion(world, y))]), 1e-12);
        Assert.Equal("completions", Assert.Throws<ArgumentException>(() => policy.TopShare([])).ParamName);
    }

    [Fact]
    public void The_share_of_answers_of_several_lengths_counts_each_prefix_once_whatever_the_batches()
    {
        var world = World(4, ties: false);
        int[] sequences = [5, 40, 63, 7, 21];
        Completion[] all = [.. sequences.Select((y, i) => Cut(WorldModel.Completion(world, y), 1 + (i % L)))];
        double[] single = [.. all.Select(one => Policy(64).TopShare([one]))];
        double mean = single.Zip(all, (share, one) => share * one.Tokens.Length).Sum() / all.Sum(one => one.Tokens.Length);
        Assert.Equal(mean, Policy(64).TopShare(all), 1e-12);
        Assert.Equal(mean, Policy(2).TopShare(all), 1e-12);
        Assert.NotEqual(single.Average(), mean, 1e-3);
        Assert.Throws<ArgumentException>(() => Policy(2).TopShare([all[0] with { Tokens = [] }]));

        GuidedPolicy Policy(int rows) =>
            new(
                WorldModel.Policy(world, rows),
                new EnumeratedPrefixValue(world),
                RankWeight.BestOf(4),
                new GuidanceOptions { TopTokens = 2 }
            );

        static Completion Cut(Completion completion, int length) => completion with { Tokens = completion.Tokens[..length] };
    }

    [Theory]
    [InlineData(V)]
    [InlineData(2)]
    public void Stepwise_divergence_is_that_of_the_sequences_in_the_mean(int k)
    {
        var world = World(4, ties: false);
        var policy = Guided(world, RankWeight.BestOf(4), new GuidanceOptions { TopTokens = k });
        var reference = WorldModel.Policy(world);
        Completion[] all = [.. Enumerable.Range(0, world.Sequences).Select(y => WorldModel.Completion(world, y))];
        double[] guided = policy.LogProbValues(all),
            steps = policy.StepwiseKl(reference, all);

        Assert.True(policy.CanCompareWith(reference));
        Assert.Equal(
            EnumerableWorld.Kl(guided, world.LogReference),
            guided.Zip(steps).Sum(pair => Math.Exp(pair.First) * pair.Second),
            1e-10
        );
    }

    [Fact]
    public void Draws_have_the_frequencies_of_the_density()
    {
        var world = World(4, ties: true);
        var policy = Guided(world, RankWeight.BestOf(4), new GuidanceOptions { TopTokens = 2 });
        const int Draws = 20_000;
        var counts = policy.Sample([EnumerableWorld.Prompt], Draws, seed: 3).CountBy(c => string.Join(' ', c.Tokens)).ToDictionary();
        for (int y = 0; y < world.Sequences; y++)
        {
            double p = Math.Exp(policy.LogProbValues([WorldModel.Completion(world, y)])[0]);
            double share = counts.GetValueOrDefault(string.Join(' ', world.Completion(y).Completion.Tokens)) / (double)Draws;
            Assert.InRange(share, p - (5 * Math.Sqrt(p / Draws)) - 1e-9, p + (5 * Math.Sqrt(p / Draws)) + 1e-9);
        }
    }

    [Fact]
    public void What_cannot_be_guided_is_refused_by_name()
    {
        var world = World(4, ties: false);
        var value = new EnumeratedPrefixValue(world);
        Assert.Contains(
            "TopTokens is 0",
            Assert.Throws<ArgumentException>(() => Guided(world, RankWeight.BestOf(4), new GuidanceOptions { TopTokens = 0 })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "MostRest",
            Assert.Throws<ArgumentException>(() => Guided(world, RankWeight.BestOf(4), new GuidanceOptions { MostRest = 0 })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "LeastRest",
            Assert
                .Throws<ArgumentException>(() => Guided(world, RankWeight.BestOf(4), new GuidanceOptions { LeastRest = double.NaN }))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => RankWeight.BestOf(0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => RankWeight.Tilt(double.PositiveInfinity));
        var truncating = WorldModel.Policy(world).With(new GenerationOptions { MaxNewTokens = L, TopK = 2 });
        Assert.Contains(
            "truncates",
            Assert.Throws<ArgumentException>(() => new GuidedPolicy(truncating, value, RankWeight.BestOf(4))).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => new EnumeratedPrefixValue(world, [0, 0.5, 0.4, 1]));
        Assert.False(Guided(world, RankWeight.BestOf(4), new GuidanceOptions()).IsTrainable);
    }

    [Fact]
    public void Identities_tell_options_apart_and_an_unbounded_rest_has_one()
    {
        var world = World(4, ties: false);
        ModelIdentity bounded = Guided(world, RankWeight.BestOf(4), new GuidanceOptions()).Identity;
        ModelIdentity unbounded = Guided(world, RankWeight.BestOf(4), new GuidanceOptions { MostRest = double.PositiveInfinity }).Identity;
        Assert.NotEqual(bounded, unbounded);
        Assert.Contains("none", unbounded.ToJson(), StringComparison.Ordinal);
        Assert.NotEqual(bounded, Guided(world, RankWeight.BestOf(4), new GuidanceOptions { TopTokens = 2 }).Identity);
        Assert.NotEqual(bounded, Guided(world, RankWeight.BestOf(4), new GuidanceOptions { LeastRest = 0.5 }).Identity);
        Assert.Equal(new EnumeratedPrefixValue(world).Identity, new EnumeratedPrefixValue(World(8, ties: false)).Identity);
        Assert.NotEqual(new EnumeratedPrefixValue(world).Identity, new EnumeratedPrefixValue(World(4, ties: true)).Identity);
        Assert.NotEqual(new EnumeratedPrefixValue(world, [0, 0.5, 1]).Identity, new EnumeratedPrefixValue(world, [0, 0.25, 1]).Identity);
    }

    [Fact]
    public void Values_that_are_no_numbers_are_named_by_the_completion()
    {
        var world = World(4, ties: false);
        var policy = new GuidedPolicy(WorldModel.Policy(world), new Diverged(), RankWeight.BestOf(4));
        Completion[] all = [WorldModel.Completion(world, 0), WorldModel.Completion(world, 1)];
        Assert.Contains("completion 0", Assert.Throws<ArithmeticException>(() => policy.LogProb(all)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "completion 0",
            Assert.Throws<ArithmeticException>(() => policy.StepwiseKl(WorldModel.Policy(world), all)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_mean_weight_over_all_ranks_is_one()
    {
        foreach (
            RankWeight weight in new[]
            {
                RankWeight.BestOf(1),
                RankWeight.BestOf(7.3),
                RankWeight.BestOf(500),
                RankWeight.Tilt(0),
                RankWeight.Tilt(1e-6),
                RankWeight.Tilt(900),
                default,
            }
        )
        {
            Assert.Equal(0, weight.LogMean(0, 1), 1e-9);
            double mean = Enumerable.Range(0, 1000).Sum(i => Math.Exp(weight.LogMean(i / 1000.0, (i + 1) / 1000.0)) / 1000);
            Assert.Equal(1, mean, 1e-9);
            Assert.True(weight.LogMean(0.999, 1) <= weight.LogLargest + 1e-12);
        }

        Assert.Equal("Best-of-8", RankWeight.BestOf(8).ToString());
        Assert.Equal("tilt c = 2.5", RankWeight.Tilt(2.5).ToString());
        Assert.Equal(BestOfNMath.LogRatioWithTies(Math.Log(0.2), Math.Log(0.5), 8), RankWeight.BestOf(8).LogMean(0.2, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => RankWeight.BestOf(8).LogMean(0.6, 0.5));
    }

    private sealed class Diverged : IPrefixValue, IPrefixWalk
    {
        public ModelIdentity Identity => "diverged";

        public ScoringIdentity? Origin => null;

        public bool NeedsHiddenStates => false;

        public void Require(RankWeight weight) { }

        public IPrefixWalk Start(IReadOnlyList<Prompt> prompts, IReadOnlyList<IReadOnlyList<int>> promptTokens, RankWeight weight) => this;

        public PrefixValues Values(torch.Tensor? hidden, torch.Tensor tokens) =>
            new(torch.full(tokens.size(0), double.NaN, torch.float64), torch.full(tokens.shape, double.NaN, torch.float64));

        public void SelectRows(ReadOnlySpan<int> rows) { }

        public void Append(torch.Tensor tokens) { }

        public void Dispose() { }
    }

    private static EnumerableWorld World(double n, bool ties) =>
        new(
            V,
            L,
            s_logits,
            [.. Enumerable.Range(0, V * V * V).Select(y => ties ? Math.Floor(4 * Math.Sin(y * 1.9)) : Math.Sin(y * 1.9))],
            n
        );

    private static GuidedPolicy Guided(EnumerableWorld world, RankWeight weight, GuidanceOptions options) =>
        new(WorldModel.Policy(world), new EnumeratedPrefixValue(world), weight, options);

    private static double[] LogProbs(EnumerableWorld world, RankWeight weight, GuidanceOptions options) =>
        Values(world, Guided(world, weight, options));

    private static double[] Values(EnumerableWorld world, GuidedPolicy policy) =>
        policy.LogProbValues([.. Enumerable.Range(0, world.Sequences).Select(y => WorldModel.Completion(world, y))]);
}
