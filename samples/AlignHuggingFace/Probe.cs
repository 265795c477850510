using System.Diagnostics;
using System.Globalization;
using VariationalBoN;
using VariationalBoN.References;

namespace AlignHuggingFace;

/// <summary>What a run will take, measured on one step of it.</summary>
/// <param name="TokensPerSecond">Generation.</param>
/// <param name="SecondsPerStep">One training step: draw, score, gradient.</param>
/// <param name="ReferenceSeconds">The reference rewards, if they are not there yet.</param>
/// <param name="TrainingSeconds">All steps.</param>
/// <param name="EvaluationSeconds">Held-out numbers of the reference and of the aligned model.</param>
/// <param name="PeakBytes">The most memory of the process: what the probe took, and what the optimizer adds.</param>
internal sealed record Probe(double TokensPerSecond, double SecondsPerStep, double ReferenceSeconds, double TrainingSeconds, double EvaluationSeconds, long PeakBytes)
{
    /// <summary>Draws, scores and takes the gradient of one step without taking the step; the parameters are unchanged.</summary>
    public static async Task<Probe> MeasureAsync(LanguageModel model, Scorer scorer, IReadOnlyList<Prompt> train, int heldOut, Arguments arguments, CancellationToken cancellationToken)
    {
        Prompt[] prompts = [.. train.Take(arguments.PromptsPerStep)];
        model.Policy.Sample(prompts[..1], 1, new DrawSeed(0, DrawPurpose.Serving), cancellationToken); // the first call of everything is slow
        var watch = Stopwatch.StartNew();
        var drawn = model.Policy.Sample(prompts, arguments.CompletionsPerPrompt, new DrawSeed(0, DrawPurpose.Serving), cancellationToken);
        double generation = watch.Elapsed.TotalSeconds;
        watch.Restart();
        var scored = await scorer.ScoreAsync(drawn, cancellationToken);
        double scoring = watch.Elapsed.TotalSeconds;
        watch.Restart();
        var table = new ReferenceTable(prompts.Select(prompt => new ReferencePrompt(prompt, [.. scored.Where(sample => sample.Completion.Prompt == prompt)])), new ReferenceProvenance(scorer.Origin, Seed: 0));
        var bestOfN = table.BestOf(arguments.N, onWarning: _ => { });
        using (var targets = Targets.Of(new ExactObjective(bestOfN), arguments.Targets, model.Network.Device))
            FineTuning.Backward(model, bestOfN, targets, scored, arguments.RowsPerPass);
        double gradient = watch.Elapsed.TotalSeconds;
        model.Network.zero_grad();

        double perCompletion = (generation + scoring) / drawn.Count, step = generation + scoring + gradient;
        int estimated = (train.Count + heldOut) * arguments.SamplesPerPrompt, evaluated = heldOut * Alignment.EvaluationCompletions;
        long[] bytes = [.. model.Trained.Select(parameter => parameter.numel() * parameter.element_size())];
        long optimizer = 2 * (bytes.Sum() + bytes.Max()); // two moments of all, and two temporaries of the largest
        using var process = Process.GetCurrentProcess();
        return new Probe(
            drawn.Sum(completion => completion.Tokens.Length) / generation,
            step,
            estimated * perCompletion,
            arguments.Steps * step,
            2 * evaluated * (perCompletion + (2 * scoring / drawn.Count)), // log pi_theta and the stepwise KL besides
            process.PeakWorkingSet64 + optimizer);
    }

    /// <summary>The estimates in a few lines.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"""
        generation         {TokensPerSecond:0} tokens a second
        reference rewards  {Time(ReferenceSeconds)}, once
        training           {Time(TrainingSeconds)} ({SecondsPerStep:0.00} s a step)
        held-out numbers   {Time(EvaluationSeconds)}
        memory             about {PeakBytes / (1024.0 * 1024 * 1024):0.0} GiB at its peak
        """);

    private static string Time(double seconds) => string.Create(CultureInfo.InvariantCulture, $"about {(seconds < 90 ? $"{Math.Ceiling(seconds):0} s" : seconds < 5400 ? $"{seconds / 60:0} min" : $"{seconds / 3600:0.0} h")}");
}
