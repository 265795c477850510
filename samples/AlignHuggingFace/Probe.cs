using System.Diagnostics;
using VariationalBoN;
using VariationalBoN.References;

namespace AlignHuggingFace;

/// <summary>Measures what a run costs on a little of it: first its longest prompt, for memory, which also warms up;
/// then usual ones, for time. Stateless.</summary>
internal static class Probe
{
    private const double EnoughSeconds = 0.3;
    private const int MostRepetitions = 8;
    private static readonly DrawSeed s_seed = new(0, DrawPurpose.Serving);

    /// <summary>Draws, scores and takes steps of learning rate 0, which leave the weights as they are.</summary>
    /// <param name="model">Policy and reference.</param>
    /// <param name="scorer">Scores completions.</param>
    /// <param name="used">The prompts of the run.</param>
    /// <param name="arguments">What the user asked for.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<Costs> MeasureAsync(
        LanguageModel model,
        Scorer scorer,
        IReadOnlyList<Prompt> used,
        Arguments arguments,
        CancellationToken cancellationToken
    )
    {
        Prompt[] byLength = [.. used.OrderBy(model.TokensOf)];
        using var adam = FineTuning.Optimizer(model.Trained, arguments with { LearningRate = 0 });
        int rows = model.Reference.Options.RowsPerBatch,
            groups = Math.Min(arguments.PromptsPerStep, used.Count);
        Prompt[] longest = [.. Enumerable.Repeat(byLength[^1], groups)],
            usual = Spread(byLength, groups);

        int inMemory = Math.Min(rows, arguments.SamplesPerPrompt * ReferenceRewards.PromptsPerBatch);
        await scorer.ScoreAsync(model.Reference.Sample(longest[..1], inMemory, s_seed, cancellationToken), cancellationToken);
        await StepAsync(longest, lengthen: true);

        Prompt[] batch = Spread(byLength, Math.Min(ReferenceRewards.PromptsPerBatch, used.Count));
        int perPrompt = Math.Max(1, inMemory / batch.Length);
        IReadOnlyList<Completion> drawn = [];
        double drawing = await SecondsAsync(() =>
        {
            drawn = model.Reference.Sample(batch, perPrompt, s_seed, cancellationToken);
            return Task.CompletedTask;
        });
        double scoring = await SecondsAsync(() => scorer.ScoreAsync(drawn, cancellationToken));
        double forward = await SecondsAsync(() => Task.FromResult(model.Policy.LogProbValues(drawn)));
        double step = await SecondsAsync(() => StepAsync(usual, lengthen: false));
        model.Network.zero_grad();

        using var process = Process.GetCurrentProcess();
        return new Costs(
            drawn.Sum(completion => completion.Tokens.Length) / drawing,
            (drawing + scoring) / drawn.Count,
            forward / drawn.Count,
            step,
            process.PeakWorkingSet64,
            process.WorkingSet64,
            model.WeightBytes
        )
        {
            ScoredTokensPerSecond = drawn.Sum(completion => completion.PromptTokens.Length + completion.Tokens.Length) / forward,
        };

        async Task StepAsync(Prompt[] prompts, bool lengthen)
        {
            var completions = model.Policy.Sample(prompts, arguments.CompletionsPerPrompt, s_seed, cancellationToken);
            var scored = await scorer.ScoreAsync(completions, cancellationToken);
            var bestOfN = Table(scorer, scored).BestOf(arguments.N);
            using var targets = Targets.Of(new ExactObjective(bestOfN), arguments.Targets, model.Network.Device);
            var batch = lengthen ? Lengthen(scored, arguments.MaxNewTokens) : scored;
            FineTuning.Backward(model, bestOfN, targets, batch, arguments.RowsPerPass);
            FineTuning.Clip([.. model.Trained], arguments);
            adam.Step();
        }
    }

    private static ReferenceTable Table(Scorer scorer, ScoredBatch scored) =>
        new(
            scored.GroupBy(sample => sample.Completion.Prompt).Select(group => new ReferencePrompt(group.Key, [.. group])),
            new ReferenceProvenance(scorer.Origin, Seed: 0)
        );

    /// <summary>Completions as long as they can be: what memory must be enough for.</summary>
    private static ScoredBatch Lengthen(ScoredBatch scored, int tokens) =>
        new(
            scored.Select(sample =>
                sample with
                {
                    Completion = sample.Completion with { Tokens = [.. Enumerable.Repeat(sample.Completion.Tokens[0], tokens)] },
                }
            ),
            scored.Groups,
            scored.Origin
        );

    /// <summary>Some of the prompts whose lengths stand for all.</summary>
    private static Prompt[] Spread(Prompt[] byLength, int count) =>
        [.. Enumerable.Range(0, count).Select(i => byLength[(((2 * i) + 1) * byLength.Length) / (2 * count)])];

    /// <summary>The mean time of some work, over several times where it is short.</summary>
    private static async Task<double> SecondsAsync(Func<Task> work)
    {
        var watch = Stopwatch.StartNew();
        int done = 0;
        do
        {
            await work();
            done++;
        } while (watch.Elapsed.TotalSeconds < EnoughSeconds && done < MostRepetitions);
        return watch.Elapsed.TotalSeconds / done;
    }
}
