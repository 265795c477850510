using System.Reflection;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Policies;

namespace VariationalBoN.Tests.References;

/// <summary>What every <see cref="ICompletionSource"/> keeps; derive from it for each implementation, which <see
/// cref="ContractOfAttribute"/> names.</summary>
[Trait("Tier", "torch")]
public abstract class CompletionSourceContract : IDisposable
{
    private const int K = 4;
    private readonly TabularPolicy _policy,
        _reference;

    /// <param name="drawsFromReference">Whether the source draws from its reference alone: then the two policies are equal.</param>
    protected CompletionSourceContract(bool drawsFromReference = false)
    {
        _policy = new TabularPolicy(Prompts, 5, 2, [.. Enumerable.Range(0, 3 * 6 * 5).Select(i => Math.Sin(i))]);
        using var uniform = new TabularPolicy(Prompts, 5, 2);
        _reference = (drawsFromReference ? _policy : uniform).CloneFrozen();
    }

    protected static Prompt[] Prompts { get; } = ["a", "b", "c"];

    public void Dispose()
    {
        _policy.Dispose();
        _reference.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void The_contract_is_held_by_the_source_that_the_class_names() =>
        Assert.Equal(GetType().GetCustomAttribute<ContractOfAttribute>()!.Source, Source().GetType());

    [Fact]
    public async Task Samples_come_prompt_by_prompt_with_a_group_to_each_prompt()
    {
        ScoredBatch drawn = await Source().DrawAsync(["c", "a"], K, seed: 1);

        Assert.Equal(["c", "c", "c", "c", "a", "a", "a", "a"], drawn.Drawn.Select(sample => sample.Completion.Prompt.Text));
        if (DrawsWithTheseSeeds)
            Assert.Equal(_policy.Sample(["c", "a"], K, seed: 1).Select(Text), drawn.Drawn.Select(sample => Text(sample.Completion)));
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1], drawn.DrawnGroups.AsEnumerable());
    }

    /// <summary>Pearson's chi-square over the 25 completions of a prompt, 24 degrees of freedom;
    /// 65 is passed with probability 1e-5.</summary>
    [Fact]
    public async Task Draws_have_the_law_of_the_policy()
    {
        const int Draws = 1000;
        Completion[] all =
        [
            .. Enumerable
                .Range(0, 25)
                .Select(i => new Completion
                {
                    Prompt = "b",
                    Text = "",
                    Tokens = [i / 5, i % 5],
                }),
        ];
        double[] expected = [.. _policy.LogProbValues(all).Select(value => Draws * Math.Exp(value))];

        ScoredBatch drawn = await Source().DrawAsync(["b"], Draws, seed: 13);

        var counts = drawn.CountBy(item => (5 * item.Completion.Tokens[0]) + item.Completion.Tokens[1]).ToDictionary();
        Assert.Equal(Draws, expected.Sum(), 1e-6);
        Assert.InRange(expected.Select((count, i) => Math.Pow(counts.GetValueOrDefault(i) - count, 2) / count).Sum(), 5, 65);
    }

    [Fact]
    public async Task Blocks_in_any_order_are_the_call_that_they_were_cut_from()
    {
        ICompletionSource source = Source();
        Prompt[] prompts = ["a", "b", "a", "c"]; // one stands twice
        ScoredBatch whole = await source.DrawAsync(prompts, 6, new DrawSeed(14) { FirstSample = 3 });
        IReadOnlyList<DrawBlock> blocks = DrawBlock.Cut(
            prompts,
            completionsPerPrompt: 6,
            firstSample: 3,
            promptsPerBlock: 2,
            samplesPerBlock: 4
        );

        var drawn = new List<(DrawBlock, ScoredBatch)>();
        foreach (DrawBlock block in blocks.Reverse())
            drawn.Add((block, await block.DrawAsync(source, seed: 14)));
        ScoredBatch joined = DrawBlock.Join(6, drawn);

        Assert.Equal(whole.Select(Line), joined.Select(Line));
        Assert.Equal(whole.DrawnGroups.AsEnumerable(), joined.DrawnGroups.AsEnumerable());
        Assert.Equal(source.Origin, joined.Origin);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_table_is_the_same_however_many_batches_are_drawn_at_once(int atOnce)
    {
        string store = Path.Combine(Directory.CreateTempSubdirectory("vbon-contract-").FullName, "store.db");
        try
        {
            var options = new ReferenceTableOptions
            {
                SamplesPerPrompt = 12,
                SamplesPerBlock = 4,
                PromptsPerBatch = 2,
                Seed = 15,
                Storage = new() { FlushToDisk = false },
            };
            ICompletionSource source = Source(_reference, new Scorer(_reference, Judge(c => c.Tokens[1])));
            ReferenceTable memory = await ReferenceTable.EstimateAsync(source, Prompts, options);
            using ReferenceTable stored = await ReferenceTable.EstimateAsync(
                source,
                Prompts,
                options with
                {
                    Store = store,
                    BatchesAtOnce = atOnce,
                }
            );
            var seen = new List<ReferenceTableProgress>();
            using ReferenceTable again = await ReferenceTable.EstimateAsync(
                source,
                Prompts,
                options with
                {
                    Store = store,
                    Progress = new Recorder(seen),
                }
            );

            foreach (ReferenceTable table in (ReferenceTable[])[stored, again])
                Assert.Equal(
                    memory.Prompts.SelectMany(prompt => prompt.Samples.Select(Line)),
                    table.Prompts.SelectMany(prompt => prompt.Samples.Select(Line))
                );
            Assert.Equal(12, memory["a"].Samples.Length);
            Assert.Equal(36, Assert.Single(seen).SamplesFound); // nothing is drawn twice
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(store)!, recursive: true);
        }
    }

    [Fact]
    public async Task A_policy_or_a_reference_that_fails_is_no_fault_of_the_judge()
    {
        var failing = new AlteredPolicy(_policy) { Draw = (_, _, _) => throw new InvalidDataException("the weights are gone") };
        var silent = new AlteredPolicy(_reference) { Values = completions => [.. completions.Select(_ => double.NaN)] };
        IRewardModel judge = Judge(c => c.Tokens[1]);

        var drawing = await Assert.ThrowsAnyAsync<Exception>(async () =>
            await Source(failing, new Scorer(_reference, judge)).DrawAsync(Prompts, K, seed: 16)
        );
        var weighing = await Assert.ThrowsAnyAsync<Exception>(async () =>
            await Source(_policy, new Scorer(silent, judge)).DrawAsync(Prompts, K, seed: 16)
        );

        Assert.False(drawing is RewardModelException or OperationCanceledException, drawing.ToString());
        Assert.Contains("the weights are gone", drawing.Message);
        Assert.False(weighing is RewardModelException or OperationCanceledException, weighing.ToString());
        Assert.Contains("log pi_ref", weighing.Message);
    }

    [Fact]
    public async Task Samples_without_a_reward_keep_their_place()
    {
        ScoredBatch all = await Source().DrawAsync(Prompts, 8, seed: 2),
            some = await Source(c => c.Tokens[0] == 1 ? double.NaN : c.Tokens[1]).DrawAsync(Prompts, 8, seed: 2);

        Assert.Equal(all.Drawn.Select(sample => Text(sample.Completion)), some.Drawn.Select(sample => Text(sample.Completion)));
        Assert.All(some.Drawn, sample => Assert.Equal(sample.Completion.Tokens[0] == 1, sample.Reward is null));
        Assert.InRange(some.Excluded, 1, 23);
        Assert.Equal(all.DrawnGroups.AsEnumerable(), some.DrawnGroups.AsEnumerable());
    }

    [Fact]
    public async Task A_sample_depends_on_seed_prompt_and_number_alone()
    {
        ICompletionSource source = Source();
        ScoredBatch together = await source.DrawAsync(["a", "b", "c"], K, seed: 3),
            alone = await source.DrawAsync(["b"], K, seed: 3);
        ScoredBatch rest = await source.DrawAsync(["b"], K - 1, new DrawSeed(3) { FirstSample = 1 }),
            other = await source.DrawAsync(["b"], K, seed: 4);
        ScoredBatch held = await source.DrawAsync(["b"], K, new DrawSeed(3, DrawPurpose.Evaluation));

        Assert.Equal(together.Skip(K).Take(K).Select(Line), alone.Select(Line));
        Assert.Equal(alone.Skip(1).Select(Line), rest.Select(Line));
        Assert.NotEqual(alone.Select(Line), other.Select(Line));
        Assert.NotEqual(alone.Select(Line), held.Select(Line));
        Assert.Equal(alone.Select(Line), (await source.DrawAsync(["b"], K, seed: 3)).Select(Line));
    }

    [Fact]
    public async Task A_prompt_that_stands_twice_gets_other_samples_and_a_group_of_its_own()
    {
        ScoredBatch drawn = await Source().DrawAsync(["a", "a"], 8, seed: 5);

        Assert.Equal([.. Enumerable.Repeat(0, 8), .. Enumerable.Repeat(1, 8)], drawn.DrawnGroups.AsEnumerable());
        Assert.NotEqual(drawn.Take(8).Select(Line), drawn.Skip(8).Select(Line));
    }

    [Fact]
    public async Task Numbers_are_those_of_reference_and_judge()
    {
        ScoredBatch drawn = await Source().DrawAsync(Prompts, K, seed: 6);

        Assert.All(drawn, item => Assert.Equal(item.Completion.Tokens[1], item.Reward));
        Assert.Equal(
            _reference.LogProbValues(drawn.Completions),
            drawn.Select(item => item.LogReference),
            (a, b) => Math.Abs(a - b) < 1e-12
        );
    }

    [Fact]
    public async Task It_says_what_it_draws_from_and_batches_carry_what_scored_them()
    {
        ICompletionSource source = Source();
        var scorer = new Scorer(_reference, Judge(c => c.Tokens[1]));

        Assert.Equal(_policy.Identity, source.Policy);
        Assert.Equal(scorer.Origin, source.Origin);
        Assert.Equal(source.Origin, (await source.DrawAsync(Prompts, K, seed: 7)).Origin);
    }

    [Fact]
    public async Task A_cancelled_token_stops_drawing_and_the_source_can_be_asked_again()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        ICompletionSource source = Source();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await source.DrawAsync(Prompts, K, seed: 8, cancelled.Token));

        Assert.Equal(3 * K, (await source.DrawAsync(Prompts, K, seed: 8)).Count);
    }

    [Fact]
    public async Task A_judge_that_is_waited_for_can_be_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ICompletionSource source = Source(_policy, new Scorer(_reference, new SilentJudge(asked)));

        Task<ScoredBatch> drawing = source.DrawAsync(Prompts, K, seed: 9, cancel.Token);
        await asked.Task;
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => drawing);
    }

    [Fact]
    public async Task Prompts_that_are_given_one_by_one_are_those_of_one_call_in_order()
    {
        ICompletionSource source = Source();
        ScoredBatch whole = await source.DrawAsync(Prompts, 200, seed: 11);
        var parts = new List<ScoredBatch>();
        await foreach (ScoredBatch part in source.DrawEachAsync(Prompts, 200, seed: 11))
            parts.Add(part);

        Assert.Equal(whole.Select(Line), parts.SelectMany(part => part).Select(Line));
        Assert.Equal(whole.DrawnGroups, parts.SelectMany(part => part.DrawnGroups));
        Assert.All(parts, part => Assert.Equal(0, part.Count % 200));
        Assert.All(parts, part => Assert.Equal(source.Origin, part.Origin));
    }

    [Fact]
    public async Task Giving_one_by_one_can_be_cancelled_left_and_fails_with_the_judge()
    {
        using var cancel = new CancellationTokenSource();
        ICompletionSource source = Source(),
            faulty = Source(_policy, new Scorer(_reference, Judge(_ => double.NaN)));
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await First(source, cancel.Token));
        await Assert.ThrowsAsync<RewardModelException>(async () => await First(faulty, default));
        await First(source, default); // leaves the rest
        Assert.Equal(3 * K, (await source.DrawAsync(Prompts, K, seed: 8)).Count);

        static async Task First(ICompletionSource source, CancellationToken cancellationToken)
        {
            await foreach (ScoredBatch part in source.DrawEachAsync(Prompts, 200, seed: 12, cancellationToken))
                break;
        }
    }

    [Fact]
    public async Task A_judge_that_fails_fails_the_call()
    {
        ICompletionSource source = Source(_policy, new Scorer(_reference, Judge(_ => double.NaN)));

        await Assert.ThrowsAsync<RewardModelException>(async () => await source.DrawAsync(Prompts, K, seed: 10));
    }

    /// <summary>Whether the source draws what the policy draws by the same seed;
    /// false for engines with random numbers of their own.</summary>
    protected virtual bool DrawsWithTheseSeeds => true;

    /// <summary>A source that draws from a policy and scores like a scorer.</summary>
    protected abstract ICompletionSource Source(IPolicy policy, Scorer scorer);

    private static IRewardModel Judge(Func<Completion, double> reward) => RewardModel.FromFunction(reward, "contract");

    private static string Text(Completion completion) => $"{completion.Prompt}: {string.Join(' ', completion.Tokens)}";

    private static string Line(ScoredCompletion item) =>
        FormattableString.Invariant($"{Text(item.Completion)} {item.Reward} {item.LogReference}");

    private ICompletionSource Source(Func<Completion, double>? reward = null) =>
        Source(
            _policy,
            new Scorer(
                _reference,
                Judge(reward ?? (c => c.Tokens[1])),
                new ScoringOptions { OnFailure = reward is null ? RewardFailure.Throw : RewardFailure.Exclude }
            )
        );

    private sealed class Recorder(List<ReferenceTableProgress> seen) : IProgress<ReferenceTableProgress>
    {
        public void Report(ReferenceTableProgress value) => seen.Add(value);
    }

    private sealed class SilentJudge(TaskCompletionSource asked) : IRewardModel
    {
        public ModelIdentity Identity => "silent";

        public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
        {
            var never = new TaskCompletionSource<RewardScores>(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = cancellationToken.Register(() => never.TrySetCanceled(cancellationToken));
            asked.TrySetResult();
            return await never.Task;
        }
    }
}
