using VariationalBoN;
using VariationalBoN.References;

namespace TrainReward;

/// <summary>What answers to the held-out prompts are worth.</summary>
/// <param name="Name">Whose answers.</param>
/// <param name="Reward">Mean reward by the judge, with its error over prompts.</param>
/// <param name="Truth">Mean truth; null where none is known.</param>
internal sealed record AnswerWorth(string Name, Estimate Reward, Estimate? Truth)
{
    /// <summary>The reference, and the best of N by the judge and by the truth, from the stored samples and their weights.</summary>
    public static AnswerWorth[] OfTable(ReferenceTable table, Prompt[] prompts, double n, Func<Prompt, string, double>? truth)
    {
        ReferencePrompt[] stored = [.. prompts.Select(prompt => table[prompt])];
        string best = FormattableString.Invariant($"best of {n}");
        AnswerWorth reference = Of(
            "reference, one draw",
            prompt => [.. Enumerable.Repeat(1.0 / prompt.Rewards.Length, prompt.Rewards.Length)]
        );
        AnswerWorth byJudge = Of($"{best} by the judge", prompt => prompt.BestOfNWeights(n));
        return truth is null
            ? [reference, byJudge]
            :
            [
                reference,
                byJudge,
                Of(
                    $"{best} by the truth",
                    prompt => new ReferencePrompt(prompt.Prompt, Truths(prompt), prompt.Responses).BestOfNWeights(n)
                ),
            ];

        AnswerWorth Of(string name, Func<ReferencePrompt, double[]> weights) =>
            new(
                name,
                Estimate.FromObservations(stored.Select(prompt => Mean(weights(prompt), prompt.Rewards))),
                truth is null ? null : Estimate.FromObservations(stored.Select(prompt => Mean(weights(prompt), Truths(prompt))))
            );

        static double Mean(double[] weights, IEnumerable<double> values) => weights.Zip(values, (weight, value) => weight * value).Sum();

        double[] Truths(ReferencePrompt prompt) => [.. prompt.Responses.Select(answer => truth!(prompt.Prompt, answer))];
    }

    /// <summary>Answers that were drawn and scored.</summary>
    public static AnswerWorth Of(string name, ScoredBatch scored, Func<Prompt, string, double>? truth) =>
        new(
            name,
            Estimate.FromClusters([.. scored.Select(item => item.Reward)], scored.Groups),
            truth is null
                ? null
                : Estimate.FromClusters([.. scored.Select(item => truth(item.Completion.Prompt, item.Completion.Text))], scored.Groups)
        );
}
