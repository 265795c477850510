using System.Runtime.InteropServices;
using TorchSharp;
using VariationalBoN.BestOfN;
using VariationalBoN.Objectives;
using VariationalBoN.Torch;

namespace VariationalBoN.Tests.Torch;

/// <summary>The batched backend gives the numbers of the double core, on every device of the machine.</summary>
[Collection("Leaks")]
[Trait("Tier", "torch")]
public sealed class TorchBoNDistributionTests
{
    private static readonly EmpiricalRewardCdf[] s_cdfs = [.. new[] { 1, 7, 64, 256 }.Select(Rewards)];

    public static TheoryData<double, RatioEstimator, string> Cases()
    {
        var cases = new TheoryData<double, RatioEstimator, string>();
        foreach (string device in torch.cuda.is_available() ? new[] { "cpu", "cuda" } : ["cpu"])
        {
            foreach (double n in new[] { 1, 1.5, 2, 16, 1e3, 1e6 })
            {
                foreach (RatioEstimator estimator in Enum.GetValues<RatioEstimator>())
                    cases.Add(n, estimator, device);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Equals_the_double_core(double n, RatioEstimator estimator, string device)
    {
        var core = Core(n, estimator);
        (ScoredCompletion[] queries, long[] index) = Queries();
        using var scope = torch.NewDisposeScope();
        using var batched = new TorchBoNDistribution(s_cdfs, n, torch.device(device), estimator: estimator);
        AssertEqual(core, batched, queries, index);
        Assert.Equal((n, estimator, s_cdfs.Length), (batched.N, batched.Estimator, batched.Prompts));
        Assert.Equal(estimator, core.Estimator);
    }

    /// <summary>Queries are the samples themselves, each ranked among the others;
    /// with and without a tie tolerance of a quarter, which joins most levels.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Equals_the_double_core_on_its_own_samples_and_within_a_tolerance(double n, RatioEstimator estimator, string device)
    {
        foreach (double tolerance in (double[])[0, 0.25])
        {
            EmpiricalRewardCdf[] cdfs =
            [
                .. s_cdfs.Select(
                    (cdf, p) =>
                        new EmpiricalRewardCdf(cdf.SortedRewards.ToArray().Select((reward, i) => reward * (p == 2 ? 3 : 1)), tolerance)
                ),
            ];
            var core = new EmpiricalBoNDistribution(
                Enumerable.Range(0, cdfs.Length).ToDictionary(p => new Prompt($"{p}"), p => cdfs[p]),
                n,
                estimator
            );
            using var scope = torch.NewDisposeScope();
            using var among = new TorchBoNDistribution(cdfs, n, torch.device(device), estimator: estimator, leaveOneOut: true);
            using var batched = new TorchBoNDistribution(cdfs, n, torch.device(device), estimator: estimator);
            (ScoredCompletion[] queries, long[] index) = Queries();
            AssertEqual(core, batched, queries, index);

            ScoredCompletion[] samples =
            [
                .. cdfs.SelectMany(
                    (cdf, p) =>
                        cdf
                            .SortedRewards.ToArray()
                            .Select(
                                (reward, i) => new ScoredCompletion(new Completion { Prompt = $"{p}", Text = "" }, reward, -0.1 * (i + 1))
                            )
                ),
            ];
            AssertEqual(
                core.LeaveOneOut(),
                among,
                samples,
                [.. samples.Select(sample => long.Parse(sample.Completion.Prompt.Text, System.Globalization.CultureInfo.InvariantCulture))]
            );
        }
    }

    [Fact]
    public void Float32_tolerances_are_those_of_the_rewards_as_stored()
    {
        var random = new CounterRandom(3, "noise", 0);
        double[] rewards = [.. Enumerable.Range(0, 200).Select(i => Math.Floor(4 * random.Uniform(i)) + (0.1 * random.Uniform(1000 + i)))];
        EmpiricalRewardCdf rounded = new(rewards.Select(reward => (double)(float)reward), 0.01);
        var core = new EmpiricalBoNDistribution(new Dictionary<Prompt, EmpiricalRewardCdf> { ["0"] = rounded }, 4);
        using var scope = torch.NewDisposeScope();
        using var batched = new TorchBoNDistribution([new EmpiricalRewardCdf(rewards, 0.01)], 4, dtype: torch.ScalarType.Float32);
        ScoredCompletion[] queries =
        [
            .. Enumerable
                .Range(0, 300)
                .Select(i => new ScoredCompletion(new Completion { Prompt = "0", Text = "" }, (float)(5 * random.Uniform(5000 + i)), -1)),
        ];
        var (prompt, reward, logReference) = Tensors(queries, new long[300], batched);

        double[] values = Values(batched.LogRatio(prompt, reward, logReference));

        Assert.Contains(queries, query => rounded.Counts(query.Reward) is var (below, atOrBelow) && atOrBelow - below > 10);
        for (int i = 0; i < values.Length; i++)
            Assert.Equal(core.LogRatio(queries[i]), values[i], 1e-6);
    }

    [Fact]
    public void What_is_no_sample_is_NaN_among_samples_and_an_empty_batch_is_empty()
    {
        using var scope = torch.NewDisposeScope();
        foreach (RatioEstimator estimator in Enum.GetValues<RatioEstimator>())
        {
            using var among = new TorchBoNDistribution([new EmpiricalRewardCdf([1, 2, 3])], 2, estimator: estimator, leaveOneOut: true);
            torch.Tensor prompt = torch.zeros(2, torch.int64),
                reward = torch.tensor([2.0, 2.5]),
                logReference = torch.tensor([-1.0, -1.0]);

            Assert.Equal([false, true], Values(among.LogRatio(prompt, reward, logReference)).Select(double.IsNaN));
            Assert.Equal([false, true], Values(among.LogCdf(prompt, reward, CdfSide.Strict)).Select(double.IsNaN));
            torch.Tensor nothing = torch.zeros(0, torch.float64);
            Assert.Equal([0L], among.LogDensity(torch.zeros(0, torch.int64), nothing, nothing).shape);
        }
    }

    private static void AssertEqual(EmpiricalBoNDistribution core, TorchBoNDistribution batched, ScoredCompletion[] queries, long[] index)
    {
        double n = core.N;
        var (prompt, reward, logReference) = Tensors(queries, index, batched);

        AssertClose(queries.Select(core.LogRatio), batched.LogRatio(prompt, reward, logReference));
        AssertClose(queries.Select(query => query.LogReference + core.LogRatio(query)), batched.LogDensity(prompt, reward, logReference));
        foreach (CdfSide side in new[] { CdfSide.Midpoint, CdfSide.AtOrBelow })
            AssertClose(
                queries.Select(new LowerBoundObjective(core, side).LogTarget),
                batched.LogLowerBound(prompt, reward, logReference, side)
            );
        AssertClose(
            queries.Select(query => core.LogCdf(query.Completion.Prompt, query.Reward).Below),
            batched.LogCdf(prompt, reward, CdfSide.Strict)
        );
        AssertClose(queries.Select(new GibbsObjective(0.7).LogTarget), TorchBoNDistribution.LogGibbs(reward, logReference, 0.7));

        void AssertClose(IEnumerable<double> expected, torch.Tensor actual)
        {
            double[] values = Values(actual);
            int i = 0;
            foreach (double value in expected)
            {
                // The conditioning of the inputs: log p, and N times logarithms near 0.
                double scale = 2 + Math.Abs(value) + Math.Abs(queries[i].LogReference) + n;
                Assert.True(
                    value == values[i] || Math.Abs(value - values[i]) <= 1e-12 * scale,
                    FormattableString.Invariant($"query {i}: core {value:R}, batched {values[i]:R}")
                );
                i++;
            }

            Assert.Equal(i, values.Length);
        }
    }

    [Fact]
    public void Float32_is_the_rounded_result_of_exact_ranks()
    {
        EmpiricalRewardCdf[] rounded =
        [
            .. s_cdfs.Select(cdf => new EmpiricalRewardCdf(cdf.SortedRewards.ToArray().Select(r => (double)(float)r))),
        ];
        var core = new EmpiricalBoNDistribution(
            new Dictionary<Prompt, EmpiricalRewardCdf>
            {
                ["0"] = rounded[0],
                ["1"] = rounded[1],
                ["2"] = rounded[2],
                ["3"] = rounded[3],
            },
            16
        );
        (ScoredCompletion[] queries, long[] index) = Queries();
        queries = [.. queries.Select(query => query with { Reward = (float)query.Reward, LogReference = (float)query.LogReference })];
        using var scope = torch.NewDisposeScope();
        using var batched = new TorchBoNDistribution(rounded, 16, dtype: torch.ScalarType.Float32);
        var (prompt, reward, logReference) = Tensors(queries, index, batched);

        double[] values = Values(batched.LogRatio(prompt, reward, logReference));

        for (int i = 0; i < values.Length; i++)
            Assert.InRange(values[i] - core.LogRatio(queries[i]), -1.2e-7 * (1 + Math.Abs(values[i])), 1.2e-7 * (1 + Math.Abs(values[i])));
    }

    [Fact]
    public void A_fit_takes_the_targets_as_they_are()
    {
        (ScoredCompletion[] queries, long[] index) = Queries();
        using var scope = torch.NewDisposeScope();
        using var batched = new TorchBoNDistribution(s_cdfs, 8);
        var (prompt, reward, logReference) = Tensors(queries, index, batched);
        int[] groups = [.. index.Select(p => (int)p)];
        var logProb = (logReference * 0.9).requires_grad_(true);

        double loss = ScoreFunction.Loss(logProb, batched.LogDensity(prompt, reward, logReference), groups).item<double>();
        double expected = ScoreFunction
            .Loss(logProb, [.. queries.Select(new ExactObjective(Core(8, RatioEstimator.SelfInclusive)).LogTarget)], groups)
            .item<double>();

        Assert.Equal(expected, loss, 10);
    }

    /// <summary>
    /// While the default device is the meta device, whose tensors have no values, a tensor that is made without naming the given device, or
    /// brought to the default one, fails where it meets the others.
    /// </summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void No_tensor_is_made_off_the_given_device(double n, RatioEstimator estimator, string device)
    {
        using var scope = torch.NewDisposeScope();
        (ScoredCompletion[] queries, long[] index) = Queries();
        var usual = torch.get_default_device();
        try
        {
            torch.set_default_device(torch.META);
            Assert.Equal(DeviceType.META, torch.zeros(1).device_type); // what a tensor without a device would be
            using var batched = new TorchBoNDistribution(s_cdfs, n, torch.device(device), estimator: estimator);
            var (prompt, reward, logReference) = Tensors(queries, index, batched);

            torch.Tensor[] results =
            [
                batched.LogRatio(prompt, reward, logReference),
                batched.LogDensity(prompt, reward, logReference),
                TorchBoNDistribution.LogGibbs(reward, logReference, 0.5),
                .. Enum.GetValues<CdfSide>()
                    .SelectMany(side =>
                        new[] { batched.LogCdf(prompt, reward, side), batched.LogLowerBound(prompt, reward, logReference, side) }
                    ),
            ];

            Assert.All(results, result => Assert.Equal(batched.Device.type, result.device_type));
        }
        finally
        {
            torch.set_default_device(usual);
        }
    }

    [Fact]
    public void Queries_on_another_device_are_refused()
    {
        using var scope = torch.NewDisposeScope();
        using var batched = new TorchBoNDistribution(s_cdfs, 8);
        var number = torch.zeros(5, torch.float64);

        var error = Assert.Throws<ArgumentException>(() =>
            batched.LogRatio(torch.zeros(5, torch.int64), torch.zeros(5, torch.float64, torch.META), number)
        );

        Assert.Contains("meta", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_shapes_dtypes_and_arguments_are_named()
    {
        using var scope = torch.NewDisposeScope();
        using var batched = new TorchBoNDistribution(s_cdfs, 8);
        var prompt = torch.zeros(3, torch.int64);
        var number = torch.zeros(3, torch.float64);

        Assert.Contains(
            "reward",
            Assert.Throws<ArgumentException>(() => batched.LogRatio(prompt, torch.zeros(4, torch.float64), number)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Float32",
            Assert.Throws<ArgumentException>(() => batched.LogRatio(prompt, number, torch.zeros(3, torch.float32))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "promptIndex",
            Assert.Throws<ArgumentException>(() => batched.LogRatio(number, number, number)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => new TorchBoNDistribution([], 8));
        Assert.Contains(
            "0.5",
            Assert.Throws<ArgumentException>(() => new TorchBoNDistribution([new([1, 2]), new([1, 2], 0.5)], 2)).Message
        );
        Assert.Contains(
            "Harmonic",
            Assert.Throws<ArgumentOutOfRangeException>(() => new TorchBoNDistribution(s_cdfs, 8, estimator: (RatioEstimator)7)).Message
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => new TorchBoNDistribution(s_cdfs, double.NaN));
        Assert.Throws<ArgumentException>(() => new TorchBoNDistribution(s_cdfs, 8, dtype: torch.ScalarType.Int64));
        Assert.Throws<ArgumentOutOfRangeException>(() => TorchBoNDistribution.LogGibbs(number, number, 0));
    }

    [Fact]
    public void A_call_leaves_one_tensor_the_callers()
    {
        using var batched = new TorchBoNDistribution(s_cdfs, 8);
        using var prompt = torch.zeros(5, torch.int64);
        using var number = torch.zeros(5, torch.float64);
        batched.LogDensity(prompt, number, number).Dispose();
        long before = LiveTensors.Settled();

        using var result = batched.LogDensity(prompt, number, number);

        Assert.Equal(before + 1, LiveTensors.Now);
    }

    /// <summary>Rewards with ties: multiples of a quarter.</summary>
    private static EmpiricalRewardCdf Rewards(int count)
    {
        var random = new CounterRandom(1, "rewards", count);
        return new EmpiricalRewardCdf(Enumerable.Range(0, count).Select(i => Math.Round(8 * random.Normal(i)) / 4));
    }

    private static EmpiricalBoNDistribution Core(double n, RatioEstimator estimator) =>
        new(Enumerable.Range(0, s_cdfs.Length).ToDictionary(p => new Prompt($"{p}"), p => s_cdfs[p]), n, estimator);

    private static (ScoredCompletion[] Queries, long[] Index) Queries()
    {
        var random = new CounterRandom(2, "queries", 0);
        long[] index = [.. Enumerable.Range(0, 400).Select(i => (long)(i / 100))];
        return (
            [
                .. index.Select(
                    (p, i) =>
                        new ScoredCompletion(
                            new Completion { Prompt = $"{p}", Text = "" },
                            i % 3 == 0 ? Math.Round(8 * random.Normal(i)) / 4 : 2 * random.Normal(i),
                            i % 7 == 0 ? -1e-3 * random.Uniform(i + 1000) : -60 * random.Uniform(i + 1000)
                        )
                ),
            ],
            index
        );
    }

    private static (torch.Tensor Prompt, torch.Tensor Reward, torch.Tensor LogReference) Tensors(
        ScoredCompletion[] queries,
        long[] index,
        TorchBoNDistribution batched
    ) =>
        (
            torch.tensor(index, device: batched.Device),
            torch.tensor(queries.Select(query => query.Reward).ToArray(), batched.Dtype, batched.Device),
            torch.tensor(queries.Select(query => query.LogReference).ToArray(), batched.Dtype, batched.Device)
        );

    private static double[] Values(torch.Tensor tensor) =>
        MemoryMarshal.Cast<byte, double>(tensor.to(torch.float64).cpu().contiguous().bytes).ToArray();
}
