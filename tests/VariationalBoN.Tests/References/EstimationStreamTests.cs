using System.Runtime.CompilerServices;
using VariationalBoN.References;
using VariationalBoN.Rewards;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.References;

/// <summary>What has ended is judged and kept while the rest of a batch is drawn, and stays when that fails or is cancelled.</summary>
[Trait("Tier", "torch")]
public sealed class EstimationStreamTests : StoreFixture
{
    private const int PerPrompt = 200; // one prompt a part
    private static readonly double[] s_words = [0.1, 0.2, 0.3, 0.4];
    private static readonly Prompt[] s_prompts = ["p0", "p1", "p2"];

    [Fact]
    public async Task A_batch_that_fails_keeps_every_completion_that_had_ended_and_the_rest_is_drawn_later()
    {
        var reference = new Trickling(s_words) { FailAfter = PerPrompt + 57 };

        await Assert.ThrowsAsync<TimeoutException>(() => Estimate(reference, Judge()));

        Assert.Equal(PerPrompt + 57, Kept());
        var again = new Trickling(s_words);
        (await Estimate(again, Judge())).Dispose();
        Assert.Equal((3 * PerPrompt) - PerPrompt - 57, again.Drawn);
        Assert.Equal(3 * PerPrompt, Kept());
        RequireRewardsOfWhole();
    }

    [Fact]
    public async Task A_batch_that_fails_after_its_last_completion_keeps_all()
    {
        await Assert.ThrowsAsync<TimeoutException>(() => Estimate(new Trickling(s_words) { FailsAtTheEnd = true }, Judge()));

        Assert.Equal(3 * PerPrompt, Kept());
    }

    [Fact]
    public async Task Completions_behind_some_that_the_reference_cannot_weigh_are_kept()
    {
        var reference = new Trickling(s_words) { Backwards = true, Unweighed = "p0" }; // told when p0 has ended, one before p1 has

        await Assert.ThrowsAsync<ArithmeticException>(() => Estimate(reference, Judge()));

        Assert.Equal(PerPrompt - 1, Kept());
    }

    [Fact]
    public async Task A_source_that_fails_keeps_the_prompts_that_it_gave()
    {
        Prompt[] prompts = [.. Enumerable.Range(0, 16).Select(i => $"p{i}")];
        var policy = new WordPolicy(s_words);
        var source = new OneByOne(new PolicyCompletionSource(policy, new Scorer(policy, Judge()))) { FailsAt = 15 };

        await Assert.ThrowsAsync<TimeoutException>(() => ReferenceTable.EstimateAsync(source, prompts, Options));

        Assert.Equal(15 * PerPrompt, Kept());
        source.FailsAt = int.MaxValue;
        (await ReferenceTable.EstimateAsync(source, prompts, Options)).Dispose();
        Assert.Equal(16 * PerPrompt, Kept());
        source.GivesAtMost = 1;
        await Assert.ThrowsAsync<InvalidOperationException>(() => ReferenceTable.EstimateAsync(source, ["q0", "q1"], Options));
    }

    [Fact]
    public async Task A_run_that_is_cancelled_throws_with_the_token_of_the_caller()
    {
        using var cancel = new CancellationTokenSource();
        IRewardModel judge = RewardModel.FromBatch(
            async (batch, token) =>
            {
                await cancel.CancelAsync();
                token.ThrowIfCancellationRequested();
                return new RewardScores([.. batch.Select(WordPolicy.Reward)]);
            },
            "judge"
        );

        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Estimate(new Trickling(s_words), judge, cancel.Token));

        Assert.Equal(cancel.Token, thrown.CancellationToken);
    }

    [Fact]
    public async Task A_run_that_is_cancelled_within_a_batch_keeps_what_was_judged()
    {
        using var cancel = new CancellationTokenSource();
        int asked = 0;
        IRewardModel judge = RewardModel.FromBatch(
            (batch, _) =>
            {
                if (++asked == 2)
                    cancel.Cancel();
                return Task.FromResult(new RewardScores([.. batch.Select(WordPolicy.Reward)]));
            },
            "judge"
        );

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Estimate(new Trickling(s_words), judge, cancel.Token));

        Assert.InRange(Kept(), PerPrompt, 2 * PerPrompt);
        (await Estimate(new Trickling(s_words), Judge())).Dispose();
        RequireRewardsOfWhole();
    }

    [Fact]
    public async Task The_judge_is_asked_in_the_order_of_prompts_and_samples_while_the_rest_is_drawn()
    {
        var reference = new Trickling(s_words) { Backwards = true };
        var batches = new List<string[]>();
        int drawnAtFirst = -1;
        IRewardModel judge = RewardModel.FromBatch(
            (batch, _) =>
            {
                if (batches.Count == 0)
                {
                    drawnAtFirst = reference.Drawn;
                    reference.GoOn.Set();
                }

                batches.Add([.. batch.Select(completion => $"{completion.Prompt} {completion.Tokens[0]}")]);
                return Task.FromResult(new RewardScores([.. batch.Select(WordPolicy.Reward)]));
            },
            "judge"
        );
        reference.WaitAfter = (2 * PerPrompt) + 1; // the first prompt is done, not the others

        (await Estimate(reference, judge)).Dispose();

        Assert.InRange(drawnAtFirst, (2 * PerPrompt) - 1, (2 * PerPrompt) + 1); // while the rest waits for the judge
        Assert.Equal(
            new WordPolicy(s_words)
                .Sample(s_prompts, PerPrompt, new DrawSeed(0, DrawPurpose.Reference))
                .Select(completion => $"{completion.Prompt} {completion.Tokens[0]}"),
            batches.SelectMany(batch => batch)
        );
        Assert.Equal(3, batches.Count);
    }

    private static IRewardModel Judge() =>
        RewardModel.FromBatch((batch, _) => Task.FromResult(new RewardScores([.. batch.Select(WordPolicy.Reward)])), "judge");

    private Task<ReferenceTable> Estimate(IPolicy reference, IRewardModel judge, CancellationToken cancellationToken = default) =>
        ReferenceTable.EstimateAsync(new Scorer(reference, judge), s_prompts, Options, cancellationToken);

    private ReferenceTableOptions Options =>
        new()
        {
            SamplesPerPrompt = PerPrompt,
            Store = Store,
            Storage = new ReferenceStoreOptions { FlushToDisk = false },
        };

    private int Kept()
    {
        using ReferenceTable table = ReferenceTable.Load(Store);
        return table.Prompts.Sum(prompt => prompt.Rewards.Length);
    }

    private void RequireRewardsOfWhole()
    {
        using ReferenceTable table = ReferenceTable.Load(Store);
        IReadOnlyList<Completion> expected = new WordPolicy(s_words).Sample(s_prompts, PerPrompt, new DrawSeed(0, DrawPurpose.Reference));
        foreach (ReferencePrompt prompt in table.Prompts)
            Assert.Equal(
                expected.Where(completion => completion.Prompt == prompt.Prompt).Select(WordPolicy.Reward).Order(),
                prompt.Rewards.Order()
            );
    }

    /// <summary>Words that are handed on one by one.</summary>
    private sealed class Trickling(double[] probabilities) : IPolicy
    {
        private readonly WordPolicy _words = new(probabilities);

        public ModelIdentity Identity => _words.Identity;

        public bool IsTrainable => false;

        public int Drawn { get; private set; }

        public int FailAfter { get; init; } = int.MaxValue;

        public int WaitAfter { get; set; } = int.MaxValue;

        public ManualResetEventSlim GoOn { get; } = new();

        public bool Backwards { get; init; }

        public bool FailsAtTheEnd { get; init; }

        /// <summary>A prompt of whose completions log pi is no number.</summary>
        public string? Unweighed { get; init; }

        public IReadOnlyList<Completion> Sample(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            CancellationToken cancellationToken = default
        ) => _words.Sample(prompts, completionsPerPrompt, seed, cancellationToken);

        public void SampleEach(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            Action<int, Completion> onFinished,
            CancellationToken cancellationToken = default
        )
        {
            IReadOnlyList<Completion> drawn = Sample(prompts, completionsPerPrompt, seed, cancellationToken);
            IEnumerable<int> order = Enumerable.Range(0, drawn.Count);
            if (Backwards) // samples K - 1 to 0 of all prompts in turn, but the first prompt before the second half
                order = [.. order.OrderBy(i => i / completionsPerPrompt == 2).ThenByDescending(i => i % completionsPerPrompt)];
            foreach (int i in order)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Drawn == FailAfter)
                    throw new TimeoutException("gone");
                if (Drawn == WaitAfter)
                    GoOn.Wait(TimeSpan.FromMinutes(1), cancellationToken);
                Drawn++;
                onFinished(i, drawn[i]);
            }

            if (FailsAtTheEnd)
                throw new TimeoutException("gone");
        }

        public Tensor LogProb(IReadOnlyList<Completion> completions) =>
            completions.Any(completion => completion.Prompt.Text == Unweighed)
                ? full([completions.Count], double.NaN, float64)
                : _words.LogProb(completions);
    }

    /// <summary>Gives a prompt at a time, up to one at which it fails or ends.</summary>
    private sealed class OneByOne(PolicyCompletionSource inner) : ICompletionSource
    {
        public int FailsAt { get; set; } = int.MaxValue;

        public int GivesAtMost { get; set; } = int.MaxValue;

        public ModelIdentity Policy => inner.Policy;

        public ScoringIdentity Origin => inner.Origin;

        public Task<ScoredBatch> DrawAsync(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            CancellationToken cancellationToken = default
        ) => throw new NotSupportedException();

        public async IAsyncEnumerable<ScoredBatch> DrawEachAsync(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            [EnumeratorCancellation] CancellationToken cancellationToken = default
        )
        {
            for (int p = 0; p < Math.Min(prompts.Count, GivesAtMost); p++)
            {
                if (p == FailsAt)
                    throw new TimeoutException("gone");
                yield return await inner.DrawAsync([prompts[p]], completionsPerPrompt, seed, cancellationToken);
            }
        }
    }
}
