using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

/// <summary>While the judge is awaited for a batch, the next one is drawn, and no more; what is kept is as it would be one after the other.</summary>
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
            await judge.Asked(Math.Min(batch + 1, s_prompts.Length - 1));
            Assert.Equal(Math.Min(batch + 2, s_prompts.Length), reference.Seeds.Count);
            Assert.False(estimating.IsCompleted);
            judge.Answer(batch);
        }

        ReferenceTable expected = await ReferenceTable.EstimateAsync(
            new Scorer(new WordPolicy(s_words), RewardModel.FromFunction(WordPolicy.Reward, "judge")), s_prompts, Options());
        Assert.All(expected.Prompts.Zip((await estimating).Prompts), pair => AssertSame(pair.First, pair.Second));
    }

    [Fact]
    public async Task A_later_batch_that_is_judged_first_is_kept_in_its_place()
    {
        var judge = new Judge();
        var seen = new List<long>();
        Task<ReferenceTable> estimating = ReferenceTable.EstimateAsync(
            new Scorer(new WordPolicy(s_words), judge), s_prompts[..2], Options(Store) with { Progress = new Told(seen) });
        await judge.Asked(1);
        judge.Answer(1);
        Assert.Equal([0], seen);
        judge.Answer(0);
        (await estimating).Dispose();

        Assert.Equal([0, 6, 12], seen);
        string plain = Named("plain");
        (await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), RewardModel.FromFunction(WordPolicy.Reward, "judge")), s_prompts[..2], Options(plain))).Dispose();
        Assert.Equal(Rows(plain), Rows(Store));
    }

    [Fact]
    public async Task A_judge_that_fails_stops_all_and_a_second_run_doubles_nothing()
    {
        var reference = new WordPolicy(s_words);
        var judge = new Judge();
        Task<ReferenceTable> estimating = ReferenceTable.EstimateAsync(new Scorer(reference, judge), s_prompts, Options(Store));
        await judge.Asked(1);
        judge.Answer(0);
        await judge.Asked(2);
        judge.Fail(1);
        Assert.False(estimating.IsCompleted); // the batch that was drawn meanwhile is with the judge
        judge.Answer(2);

        await Assert.ThrowsAsync<RewardModelException>(() => estimating);
        Assert.Equal(3, reference.Seeds.Count);
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
        Task<ReferenceTable> estimating = ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), judge), s_prompts, Options(), cancel.Token);

        Assert.False(estimating.IsCompleted); // the judge does not look at the token
        judge.Answer(0);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => estimating);
    }

    private static ReferenceTableOptions Options(string? store = null) => new()
    {
        SamplesPerPrompt = 6,
        PromptsPerBatch = 1,
        Store = store,
        Storage = new ReferenceStoreOptions { FlushToDisk = false },
    };

    /// <summary>Answers a batch when it is told to; continuations run inside the call, so that what follows from it has happened when it returns.</summary>
    private sealed class Judge : IRewardModel
    {
        private readonly TaskCompletionSource[] _asked = [.. Enumerable.Range(0, 5).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
        private readonly TaskCompletionSource<bool>[] _answers = [.. Enumerable.Range(0, 5).Select(_ => new TaskCompletionSource<bool>())];
        private int _calls;

        public ModelIdentity Identity => "judge";

        public Action? OnAsked { get; init; }

        public Task Asked(int batch) => _asked[batch].Task;

        public void Answer(int batch) => _answers[batch].SetResult(true);

        public void Fail(int batch) => _answers[batch].SetException(new TimeoutException("gone"));

        public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
        {
            int call = _calls++;
            _asked[call].SetResult();
            OnAsked?.Invoke();
            await _answers[call].Task.ConfigureAwait(false);
            return new RewardScores([.. completions.Select(WordPolicy.Reward)]);
        }
    }

    private sealed class Told(List<long> seen) : IProgress<ReferenceTableProgress>
    {
        public void Report(ReferenceTableProgress value) => seen.Add(value.SamplesDone);
    }
}
