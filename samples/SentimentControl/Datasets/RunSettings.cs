using VariationalBoN.Training;

namespace SentimentControl.Datasets;

/// <summary>The sizes of a run; each dataset has its defaults.</summary>
internal sealed record RunSettings
{
    /// <summary>Steps of training the reference model, where the dataset trains it.</summary>
    public required int ReferenceSteps { get; init; }

    /// <summary>M, cached reference rewards per prompt.</summary>
    public required int SamplesPerPrompt { get; init; }

    /// <summary>Steps of each method's fine-tuning.</summary>
    public required int Steps { get; init; }

    /// <summary>Prompts of one step.</summary>
    public int PromptsPerStep { get; init; } = 32;

    /// <summary>Prompts of the first step, from which they grow along the run to <see cref="PromptsPerStep"/>; null for as many.</summary>
    public int? FirstPrompts { get; init; }

    /// <summary>K, completions per prompt of one step.</summary>
    public int CompletionsPerPrompt { get; init; } = 4;

    /// <summary>Adam's learning rate after the warm-up.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Steps over which the learning rate rises.</summary>
    public int WarmUpSteps { get; init; } = 10;

    /// <summary>What is left of the learning rate at the last step, as a part of its peak.</summary>
    public double FinalRatePart { get; init; } = 0.1;

    /// <summary>The learning rate of each step: a linear rise over the warm-up, then a linear fall to a part of the peak.</summary>
    public LearningRateSchedule Schedule() => new() { Peak = LearningRate, Steps = Steps, WarmUpSteps = WarmUpSteps, FinalPart = FinalRatePart };

    /// <summary>The prompts of each step.</summary>
    /// <param name="available">How many training prompts there are.</param>
    public BatchSchedule Batches(int available) => new()
    {
        First = Math.Min(FirstPrompts ?? PromptsPerStep, available),
        Last = Math.Min(PromptsPerStep, available),
        Steps = Steps,
    };

    /// <summary>The largest norm of a gradient; longer ones are scaled down.</summary>
    public double MaximumGradientNorm { get; init; } = 1;

    /// <summary>Training prompts that are used, from the first.</summary>
    public required int TrainPrompts { get; init; }

    /// <summary>Held-out prompts that are used, from the first.</summary>
    public required int HeldOutPrompts { get; init; }

    /// <summary>Completions per held-out prompt that the numbers are measured on.</summary>
    public required int EvaluationCompletions { get; init; }
}
