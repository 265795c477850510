using VariationalBoN.BestOfN;
using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>The distribution of resampled answers against all draws that there are.</summary>
[Trait("Tier", "torch")]
public sealed class ImportanceResamplerTests
{
    private const double N = 4;
    private static readonly double[] s_reference = [0.4, 0.3, 0.2, 0.1],
        s_proposal = [0.05, 0.25, 0.3, 0.4];
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(WordPolicy.Reward, "word number");
    private static readonly KnownCdfBoNDistribution s_bestOfN = new(
        (_, reward) => new LogCdfPair(Math.Log(Below((int)reward)), Math.Log(Math.Min(1, Below((int)reward + 1)))),
        N
    );
    private static readonly double[] s_target =
    [
        .. Enumerable.Range(0, 4).Select(word => Math.Pow(Below(word + 1), N) - Math.Pow(Below(word), N)),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Answers_have_the_law_of_the_enumeration(int draws)
    {
        const int Count = 8_000;
        double[] law = Law(s_proposal, draws);
        Assert.Equal(1, law.Sum(), 1e-12);

        var answers = await Resampler(s_proposal).SampleAsync([.. Enumerable.Repeat("a", Count)], draws, seed: 3);

        for (int word = 0; word < law.Length; word++)
        {
            double observed = answers.Count(answer => answer.Completion.Reward == word) / (double)Count;
            Assert.InRange(observed, law[word] - Bound(law[word]), law[word] + Bound(law[word]));
        }

        static double Bound(double p) => 4 * Math.Sqrt(p * (1 - p) / Count);
    }

    [Fact]
    public void More_draws_come_nearer_and_a_nearer_proposal_starts_nearer()
    {
        double[] guided = [.. Enumerable.Range(1, 6).Select(k => Divergence(Law(s_proposal, k)))],
            plain = [.. Enumerable.Range(1, 6).Select(k => Divergence(Law(s_reference, k)))];
        for (int k = 1; k < guided.Length; k++)
            Assert.True(guided[k] < guided[k - 1] && plain[k] < plain[k - 1]);
        Assert.True(guided[1] < plain[5]);
    }

    [Fact]
    public async Task A_proposal_that_is_the_target_weighs_all_draws_alike()
    {
        var answers = await Resampler(s_target).SampleAsync(["a", "b", "a"], 8, seed: 1);
        Assert.All(answers, answer => Assert.Equal(8, answer.EffectiveDraws, 1e-9));
        Assert.Equal(["a", "b", "a"], answers.Select(answer => answer.Completion.Completion.Prompt.Text));
        var again = await Resampler(s_target).SampleAsync(["a", "b", "a"], 8, seed: 1);
        Assert.Equal(
            answers.Select(answer => answer.Completion.Completion.Text),
            again.Select(answer => answer.Completion.Completion.Text)
        );
    }

    [Fact]
    public async Task What_cannot_be_weighed_is_refused_by_name()
    {
        var sampler = Resampler(s_proposal);
        Assert.Contains(
            "no prompt",
            (await Assert.ThrowsAsync<ArgumentException>(() => sampler.SampleAsync([], 4, seed: 1))).Message,
            StringComparison.Ordinal
        );
        Assert.Equal("n", (await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => sampler.SampleAsync(["a"], 0, seed: 1))).ParamName);
        Assert.Contains(
            "truncates",
            Assert
                .Throws<ArgumentException>(() =>
                    new ImportanceResampler(new WordPolicy(s_proposal) { HasFullSupport = false }, Scorer(s_reward), s_bestOfN)
                )
                .Message,
            StringComparison.Ordinal
        );
        var diverged = Resampler([double.NaN, double.NaN, double.NaN, double.NaN]);
        Assert.Contains(
            "\"a\"",
            (await Assert.ThrowsAsync<ArithmeticException>(() => diverged.SampleAsync(["a"], 4, seed: 1))).Message,
            StringComparison.Ordinal
        );

        var table = await ReferenceTable.EstimateAsync(Scorer(s_reward), ["a"], 32, seed: 1);
        var other = RewardModel.FromFunction(WordPolicy.Reward, "another judge");
        Assert.Contains(
            "another judge",
            Assert
                .Throws<InvalidOperationException>(() =>
                    new ImportanceResampler(new WordPolicy(s_proposal), Scorer(other), table.BestOf(N))
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Scoring_by_the_proposal_can_be_stopped_between_parts()
    {
        using var stop = new CancellationTokenSource();
        var proposal = new StoppedPolicy(new WordPolicy(s_proposal), stop);
        Prompt[] prompts = [.. Prompt.FromTexts(Enumerable.Range(0, 200).Select(i => $"prompt {i}"))]; // 800 draws in one batch
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new ImportanceResampler(proposal, Scorer(s_reward), s_bestOfN).SampleAsync(prompts, 4, seed: 1, stop.Token)
        );
        Assert.Equal(1, proposal.Parts);
    }

    private static ImportanceResampler Resampler(double[] proposal) => new(new WordPolicy(proposal), Scorer(s_reward), s_bestOfN);

    private static Scorer Scorer(IRewardModel reward) => new(new WordPolicy(s_reference), reward);

    private static double Below(int word) => s_reference.Take(word).Sum();

    /// <summary>P(answer) over all k-tuples of draws.</summary>
    private static double[] Law(double[] proposal, int draws)
    {
        double[] law = new double[proposal.Length];
        for (int tuple = 0; tuple < Math.Pow(proposal.Length, draws); tuple++)
        {
            int[] words = [.. Enumerable.Range(0, draws).Select(j => tuple / (int)Math.Pow(proposal.Length, j) % proposal.Length)];
            double probability = words.Aggregate(1.0, (product, word) => product * proposal[word]),
                total = words.Sum(word => s_target[word] / proposal[word]);
            foreach (int word in words)
                law[word] += probability * s_target[word] / proposal[word] / total;
        }

        return law;
    }

    private static double Divergence(double[] law) => law.Zip(s_target).Sum(pair => pair.First * Math.Log(pair.First / pair.Second));

    /// <summary>Asks for the end when it is first asked for log-probabilities.</summary>
    private sealed class StoppedPolicy(WordPolicy policy, CancellationTokenSource stop) : IPolicy
    {
        public int Parts { get; private set; }

        public ModelIdentity Identity => policy.Identity;

        public bool IsTrainable => false;

        public bool HasFullSupport => true;

        public IReadOnlyList<Completion> Sample(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            CancellationToken cancellationToken = default
        ) => policy.Sample(prompts, completionsPerPrompt, seed, cancellationToken);

        public TorchSharp.torch.Tensor LogProb(IReadOnlyList<Completion> completions)
        {
            Parts++;
            stop.Cancel();
            return policy.LogProb(completions);
        }
    }
}
