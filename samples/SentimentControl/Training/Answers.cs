using SentimentControl.Reporting;
using VariationalBoN;
using VariationalBoN.References;

namespace SentimentControl.Training;

/// <summary>One answer per prompt of each method, to be read side by side. Stateless.</summary>
internal static class Answers
{
    /// <summary>The first answer of a policy to the first held-out prompts, not chosen in any way.</summary>
    public static async Task<SideBySide.Answer[]> OfAsync(
        Experiment experiment,
        IPolicy policy,
        int prompts,
        string from,
        CancellationToken cancellationToken
    )
    {
        var drawn = policy.Sample([.. experiment.HeldOutPrompts.Take(prompts)], 1, Seed(experiment), cancellationToken);
        var rewards = await experiment.Reward.ScoreAsync(drawn, cancellationToken);
        return [.. drawn.Select((completion, i) => new SideBySide.Answer(from, completion.Text, rewards[i]))];
    }

    /// <summary>The answers of the reference, of literal Best-of-N and of vBoN.</summary>
    public static async Task<IReadOnlyList<SideBySide>> SideBySideAsync(
        Experiment experiment,
        double n,
        SideBySide.Answer[] tuned,
        int prompts,
        CancellationToken cancellationToken
    )
    {
        Prompt[] shown = [.. experiment.HeldOutPrompts.Take(prompts)];
        var plain = await OfAsync(experiment, experiment.Reference, prompts, "reference", cancellationToken);
        var best = await new BestOfNSampler(experiment.Reference, experiment.Reward).SampleAsync(
            shown,
            (int)n,
            experiment.Seed,
            cancellationToken
        );
        return
        [
            .. shown.Select(
                (prompt, i) =>
                    new SideBySide(
                        prompt.Text,
                        [plain[i], new SideBySide.Answer($"Best-of-{n:0}", best[i].Completion.Text, best[i].Reward), tuned[i]]
                    )
            ),
        ];
    }

    private static DrawSeed Seed(Experiment experiment) => new(experiment.Seed, DrawPurpose.Serving);
}
