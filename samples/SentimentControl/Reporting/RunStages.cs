using SentimentControl.Datasets;

namespace SentimentControl.Reporting;

/// <summary>
/// The stages of the main run in order, announced with what each is expected to cost, in completions drawn or trained on:
/// the estimate of the time left starts from that. Thread-safe.
/// </summary>
internal sealed class RunStages
{
    private const double TrainedTextCost = 1,
        StepCompletionCost = 2;

    /// <param name="progress">Where the stages are shown.</param>
    /// <param name="settings">The sizes of the run.</param>
    /// <param name="arguments">How many N, and how many threads.</param>
    public RunStages(RunProgress progress, RunSettings settings, Arguments arguments)
    {
        int prompts = settings.TrainPrompts + settings.HeldOutPrompts;
        double run = settings.Steps * settings.PromptsPerStep * settings.CompletionsPerPrompt * StepCompletionCost;
        Reference = progress.Plan("language model", settings.ReferenceSteps * 52 * TrainedTextCost);
        Reward = progress.Plan("reward model", settings.ReferenceSteps * 10);
        Table = progress.Plan("reference rewards", (double)settings.SamplesPerPrompt * prompts / arguments.Threads);
        Runs = progress.Plan("fine-tuning", (((2.4 + (1.5 * settings.ValuedSteps)) * arguments.N.Count) + 1) * run / arguments.Threads);
        Head = progress.Plan(
            "value head",
            0.25 * settings.Head.Epochs * settings.SamplesPerPrompt * settings.TrainPrompts / arguments.Threads
        );
        BestOfN = progress.Plan(
            "literal Best-of-N",
            arguments.N.Sum() * settings.HeldOutPrompts * Math.Min(16, settings.EvaluationCompletions)
        );
    }

    public RunProgress.Stage Reference { get; }

    public RunProgress.Stage Reward { get; }

    public RunProgress.Stage Table { get; }

    public RunProgress.Stage Runs { get; }

    public RunProgress.Stage Head { get; }

    public RunProgress.Stage BestOfN { get; }
}

/// <summary>Adds up the progress of runs that go in parallel into that of one stage. Thread-safe.</summary>
internal sealed class RunShares<T>(IProgress<double> stage, IReadOnlyList<T> plan, Func<T, double> cost)
{
    private readonly Lock _lock = new();
    private readonly double _total = plan.Sum(cost);
    private readonly IProgress<double> _stage = stage;
    private double _done;

    /// <summary>Where one run reports its share.</summary>
    public IProgress<double> Of(T run) => new Part(this, cost(run));

    private sealed class Part(RunShares<T> owner, double cost) : IProgress<double>
    {
        private double _share;

        public void Report(double value)
        {
            lock (owner._lock)
            {
                owner._done += cost * (value - _share);
                _share = value;
                owner._stage.Report(owner._done / owner._total);
            }
        }
    }
}

/// <summary>Passes progress on at once, on the thread that reports it, where <see cref="Progress{T}"/> would post it.</summary>
internal sealed class Forward<T>(Action<T> action) : IProgress<T>
{
    public void Report(T value) => action(value);
}
