using SentimentControl.Datasets;

namespace SentimentControl.Reporting;

/// <summary>
/// The stages of the main run in order, announced with what each is expected to cost, in completions drawn or trained on:
/// the estimate of the time left starts from that. Thread-safe.
/// </summary>
internal sealed class RunStages
{
    private const double TrainedTextCost = 1, StepCompletionCost = 2;

    /// <param name="progress">Where the stages are shown.</param>
    /// <param name="settings">The sizes of the run.</param>
    /// <param name="arguments">How many N, and how many threads.</param>
    public RunStages(RunProgress progress, RunSettings settings, Arguments arguments)
    {
        int stepCompletions = settings.PromptsPerStep * settings.CompletionsPerPrompt, prompts = settings.TrainPrompts + settings.HeldOutPrompts;
        Reference = progress.Plan("language model", settings.ReferenceSteps * 52 * TrainedTextCost);
        Reward = progress.Plan("reward model", settings.ReferenceSteps * 10);
        Table = progress.Plan("reference rewards", (double)settings.SamplesPerPrompt * prompts / arguments.Threads);
        Runs = progress.Plan("fine-tuning", ((2.4 * arguments.N.Count) + 1) * settings.Steps * stepCompletions * StepCompletionCost / arguments.Threads);
        BestOfN = progress.Plan("literal Best-of-N", arguments.N.Sum() * settings.HeldOutPrompts * Math.Min(16, settings.EvaluationCompletions));
    }

    public RunProgress.Stage Reference { get; }

    public RunProgress.Stage Reward { get; }

    public RunProgress.Stage Table { get; }

    public RunProgress.Stage Runs { get; }

    public RunProgress.Stage BestOfN { get; }
}
