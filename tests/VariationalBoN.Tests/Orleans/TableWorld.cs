using VariationalBoN.Orleans;
using VariationalBoN.Policies;

namespace VariationalBoN.Tests.Orleans;

/// <summary>A reference that is a table, which each worker makes anew, and a judge that is slow when a test says so.</summary>
internal static class TableWorld
{
    private const int Tokens = 5,
        Length = 3,
        Contexts = 1 + Tokens + (Tokens * Tokens);

    internal static Prompt[] Prompts { get; } = [.. Enumerable.Range(0, 24).Select(i => new Prompt($"prompt {i}"))];

    /// <summary>A reference of logits that a seed fixes.</summary>
    internal static TabularPolicy Reference(int seed = 1)
    {
        using var made = new TabularPolicy(
            Prompts,
            Tokens,
            Length,
            [.. Enumerable.Range(0, Prompts.Length * Contexts * Tokens).Select(i => Math.Sin(i * seed))]
        );
        return made.CloneFrozen();
    }

    /// <summary>A scorer of it.</summary>
    internal static Scorer Scorer(
        TabularPolicy reference,
        string judge = "judge",
        Func<Completion, double>? reward = null,
        Func<CancellationToken, Task>? beforeBatch = null
    ) => new(reference, new Judge(judge, reward ?? Reward, beforeBatch));

    /// <summary>What a silo is given.</summary>
    internal static ClusterWorker Worker(
        int seed = 1,
        string judge = "judge",
        Func<Completion, double>? reward = null,
        Func<Task>? beforeBatch = null
    )
    {
        TabularPolicy reference = Reference(seed);
        Func<CancellationToken, Task>? before = beforeBatch is null ? null : stop => beforeBatch().WaitAsync(stop);
        return new ClusterWorker(Scorer(reference, judge, reward, before)) { Owned = [reference] };
    }

    /// <summary>Everything of a table that could differ.</summary>
    internal static string[] Lines(ReferenceTable table) =>
        [.. table.Prompts.SelectMany(prompt => prompt.Samples.Select((sample, i) => Line(prompt.Prompt, i, sample)))];

    private static string Line(Prompt prompt, int number, ScoredCompletion sample)
    {
        string tokens = string.Join(' ', sample.Completion.Tokens);
        return FormattableString.Invariant($"{prompt} {number} {tokens} {sample.Reward:R} {sample.LogReference:R}");
    }

    private static double Reward(Completion completion) => completion.Tokens.Select((token, i) => Math.Pow(token + 0.1, i + 1)).Sum();

    private sealed class Judge(string name, Func<Completion, double> reward, Func<CancellationToken, Task>? beforeBatch) : IRewardModel
    {
        public ModelIdentity Identity => name;

        public async Task<VariationalBoN.Rewards.RewardScores> ScoreAsync(
            IReadOnlyList<Completion> completions,
            CancellationToken cancellationToken
        )
        {
            if (beforeBatch is not null)
                await beforeBatch(cancellationToken);
            return [.. completions.Select(reward)];
        }
    }
}
