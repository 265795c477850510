using System.Diagnostics;
using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

/// <summary>While the judge is awaited for a batch, the next one is drawn, and no more;
/// what is kept is as it would be one after the other.</summary>
[Trait("Tier", "torch")]
public sealed class EstimationOverlapTests : StoreFixture
{
    private static readonly double[] s_words = [0.1, 0.2, 0.3, 0.4];
    private static readonly Prompt[] s_prompts = [.. Enumerable.Range(0, 5).Select(i => $"p{i}")];

    [Fact]
    public async Task The_next_batch_is_drawn_while_the_judge_is_awaited_and_no_more()
    {
        var reference = new WordPolicy(s_words);
        var judge = new Judge();
        Task<ReferenceTable> estimating = ReferenceTable.EstimateAsync(new Scorer(reference, judge), s_prompts, Options());

        for (int batch = 0; batch < s_prompts.Length; batch++)
        {
            await judge.Asked(batch);
            await Reached(() => reference.Seeds.Count >= Math.Min(batch + 2, s_prompts.Length));
            Assert.Equal(Math.Min(batch + 2, s_prompts.Length), reference.Seeds.Count);
            Assert.Equal(batch + 1, judge.Calls);
            Assert.False(estimating.IsCompleted);
            judge.Answer(batch);
        }

        ReferenceTable expected = await ReferenceTable.EstimateAsync(
            new Scorer(new WordPolicy(s_words), RewardModel.FromFunction(WordPolicy.Reward, "judge")),
            s_prompts,
            Options()
        );
        Assert.All(expected.Prompts.Zip((await estimating).Prompts), pair => AssertSame(pair.First, pair.Second));
    }

    /// <summary>A judge, a function that draws or a source may hold a state, or a limit of calls: each is asked once at a time.</summary>
    [Fact]
    public async Task Nobody_is_asked_twice_at_once()
    {
        var policy = new WordPolicy(s_words);
        var drawing = new OneAtATime();
        var judge = new OneAtATime();
        IRewardModel reward = RewardModel.FromBatch(
            (batch, _) => judge.RunAsync(() => new RewardScores([.. batch.Select(WordPolicy.Reward)])),
            "judge"
        );

        await ReferenceSamples.EstimateAsync(
            policy.Identity,
            (prompts, count, seed, _) => drawing.RunAsync(() => policy.Sample(prompts, count, seed)),
            reward,
            s_prompts,
            Options()
        );
        await ReferenceTable.EstimateAsync(new Scorer(policy, reward), s_prompts, Options());
        var source = new Source(new PolicyCompletionSource(policy, new Scorer(policy, reward)));
        await ReferenceTable.EstimateAsync(source, s_prompts, Options());

        Assert.Equal((s_prompts.Length, 3 * s_prompts.Length, s_prompts.Length), (drawing.Calls, judge.Calls, source.Asked.Calls));
        Assert.Equal((1, 1, 1), (drawing.Most, judge.Most, source.Asked.Most));
    }

    [Fact]
    public async Task A_judge_that_fails_stops_all_and_a_second_run_doubles_nothing()
    {
        var reference = new WordPolicy(s_words);
        var judge = new Judge();
        Task<ReferenceTable> estimating = ReferenceTable.EstimateAsync(new Scorer(reference, judge), s_prompts, Options(Store));
        await judge.Asked(0);
        judge.Answer(0);
        await judge.Asked(1);
        await Reached(() => reference.Seeds.Count >= 3);
        judge.Fail(1);

        await Assert.ThrowsAsync<RewardModelException>(() => estimating);
        Assert.Equal(3, reference.Seeds.Count); // the one after that was drawn meanwhile
        using (ReferenceTable kept = ReferenceTable.Load(Store))
            Assert.Equal(["p0"], kept.Prompts.Select(prompt => prompt.Prompt.Text));

        var again = new WordPolicy(s_words);
        IRewardModel working = RewardModel.FromFunction(WordPolicy.Reward, "judge");
        (await ReferenceTable.EstimateAsync(new Scorer(again, working), s_prompts, Options(Store))).Dispose();
        Assert.Equal(4, again.Seeds.Count);
        string plain = Named("plain");
        (await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), working), s_prompts, Options(plain))).Dispose();
        Assert.Equal(Rows(plain), Rows(Store));
    }

    [Fact]
    public async Task A_run_that_is_cancelled_between_two_draws_waits_for_the_judge_that_is_still_asked()
    {
        using var cancel = new CancellationTokenSource();
        var judge = new Judge { OnAsked = cancel.Cancel };
        Task<ReferenceTable> estimating = ReferenceTable.EstimateAsync(
            new Scorer(new WordPolicy(s_words), judge),
            s_prompts,
            Options(),
            cancel.Token
        );

        Assert.False(estimating.IsCompleted); // the judge does not look at the token
        judge.Answer(0);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => estimating);
    }

    private static ReferenceTableOptions Options(string? store = null) =>
        new()
        {
            SamplesPerPrompt = 6,
            PromptsPerBatch = 1,
            Store = store,
            Storage = new ReferenceStoreOptions { FlushToDisk = false },
        };

    private static async Task Reached(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition() && clock.Elapsed < TimeSpan.FromMinutes(1))
            await Task.Yield();
    }

    /// <summary>Answers a batch when it is told to.</summary>
    private sealed class Judge : IRewardModel
    {
        private readonly TaskCompletionSource[] _asked =
        [
            .. s_prompts.Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)),
        ];
        private readonly TaskCompletionSource<bool>[] _answers = [.. s_prompts.Select(_ => new TaskCompletionSource<bool>())];

        public ModelIdentity Identity => "judge";

        public Action? OnAsked { get; init; }

        public int Calls { get; private set; }

        public Task Asked(int batch) => _asked[batch].Task;

        public void Answer(int batch) => _answers[batch].SetResult(true);

        public void Fail(int batch) => _answers[batch].SetException(new TimeoutException("gone"));

        public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
        {
            int call = Calls++;
            _asked[call].SetResult();
            OnAsked?.Invoke();
            await _answers[call].Task.ConfigureAwait(false);
            return new RewardScores([.. completions.Select(WordPolicy.Reward)]);
        }
    }

    /// <summary>Counts calls, and how many of them were under way at once.</summary>
    private sealed class OneAtATime
    {
        private int _calls,
            _underWay;

        public int Calls => _calls;

        public int Most { get; private set; }

        public async Task<T> RunAsync<T>(Func<T> work)
        {
            Interlocked.Increment(ref _calls);
            Most = Math.Max(Most, Interlocked.Increment(ref _underWay));
            for (int i = 0; i < 20; i++)
                await Task.Yield();
            T made = work();
            Interlocked.Decrement(ref _underWay);
            return made;
        }
    }

    private sealed class Source(PolicyCompletionSource inner) : ICompletionSource
    {
        public OneAtATime Asked { get; } = new();

        public ModelIdentity Policy => inner.Policy;

        public ScoringIdentity Origin => inner.Origin;

        public async Task<ScoredBatch> DrawAsync(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            CancellationToken cancellationToken = default
        ) => await await Asked.RunAsync(() => inner.DrawAsync(prompts, completionsPerPrompt, seed, cancellationToken));
    }
}
