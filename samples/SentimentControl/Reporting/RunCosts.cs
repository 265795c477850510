using SentimentControl.Datasets;

namespace SentimentControl.Reporting;

/// <summary>What the stages are expected to cost, in completions drawn or trained on; the estimate of the time left starts from it.</summary>
internal sealed class RunCosts(RunSettings settings, Arguments arguments)
{
    private const double TrainedTextCost = 1, StepCompletionCost = 2;

    public double Reference => settings.ReferenceSteps * 52 * TrainedTextCost;

    public double Reward => settings.ReferenceSteps * 10;

    public double Cache => (double)settings.SamplesPerPrompt * (settings.TrainPrompts + settings.HeldOutPrompts) / arguments.Threads;

    public double Runs => (((2.4 * arguments.N.Count) + 1) * settings.Steps * settings.PromptsPerStep * settings.CompletionsPerPrompt * StepCompletionCost) / arguments.Threads;

    public double BestOfN => arguments.N.Sum() * settings.HeldOutPrompts * Math.Min(16, settings.EvaluationCompletions);
}
