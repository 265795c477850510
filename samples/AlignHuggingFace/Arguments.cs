using AlignHuggingFace.Prompts;
using TorchSharp;
using VariationalBoN.Guidance;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Gguf;

namespace AlignHuggingFace;

/// <summary>What the user asked for, defaults filled in.</summary>
internal sealed record Arguments
{
    /// <summary>Stands for the judge of this program in place of a directory.</summary>
    public const string Function = "function";

    /// <summary>The directory of the language model; null for tiny ones.</summary>
    public string? Model { get; init; }

    /// <summary>The directory of a classifier, or <see cref="Function"/>; null with <see cref="Model"/> null.</summary>
    public string? Reward { get; init; }

    /// <summary>The label that is rewarded; null where the classifier has but one.</summary>
    public string? Label { get; init; }

    /// <summary>A judge that is not trained on: a directory, or <see cref="Function"/>; null for none.</summary>
    public string? SecondReward { get; init; }

    public string? SecondLabel { get; init; }

    /// <summary>Steps between looks of the second judge during training; null for none.</summary>
    public int? Watch { get; init; }

    /// <summary>The file of prompts; null with <see cref="Model"/> null.</summary>
    public string? Prompts { get; init; }

    /// <summary>The column of <see cref="Prompts"/>; null for a usual one.</summary>
    public string? PromptColumn { get; init; }

    public LongPrompts LongPrompts { get; init; }

    /// <summary>Completions that reference and policy each draw for a held-out prompt.</summary>
    public int HeldOutCompletions { get; init; } = 16;

    /// <summary>How many prompts are held out; null for a fifth, at most 100.</summary>
    public int? HeldOut { get; init; }

    public required double N { get; init; }

    /// <summary>M, the reference samples of each prompt.</summary>
    public required int SamplesPerPrompt { get; init; }

    /// <summary>Stands for what the variables of a job say, in place of index/count.</summary>
    public const string Job = "job";

    /// <summary>The part of the reference samples that this process draws, after which it ends:
    /// index/count, or <see cref="Job"/>; null for all.</summary>
    public string? Shard { get; init; }

    /// <summary>Whether the stores of shards are joined first.</summary>
    public bool Merge { get; init; }

    /// <summary>Whether samples of other processors, threads or versions come into one store.</summary>
    public bool AcceptOtherExecution { get; init; }

    /// <summary>The samples of a block, where bits are promised; null where they are not.</summary>
    public int? SamplesPerBlock { get; init; }

    public required int Steps { get; init; }

    public required int PromptsPerStep { get; init; }

    /// <summary>K, the completions of each prompt of a step.</summary>
    public required int CompletionsPerPrompt { get; init; }

    public required int MaxNewTokens { get; init; }

    /// <summary>Completions whose gradient is taken at a time: what bounds memory.</summary>
    public required int RowsPerPass { get; init; }

    public required double LearningRate { get; init; }

    public required ScheduleShape Schedule { get; init; }

    public required double WeightDecay { get; init; }

    /// <summary>The largest norm of a gradient; 0 clips none.</summary>
    public required double Clip { get; init; }

    /// <summary>Steps from one checkpoint to the next.</summary>
    public required int CheckpointEvery { get; init; }

    public required bool Lora { get; init; }

    public bool MixedPrecision { get; init; }

    public bool RecomputeActivations { get; init; }

    public required TargetBackend Targets { get; init; }

    public required long Seed { get; init; }

    public required string Output { get; init; }

    /// <summary>The store of reference rewards.</summary>
    public required string References { get; init; }

    /// <summary>Where the policy is.</summary>
    public required string Device { get; init; }

    /// <summary>Where the reference and the judges are.</summary>
    public required string ReferenceDevice { get; init; }

    public required int Threads { get; init; }

    /// <summary>Whether libtorch is left as it is by itself.</summary>
    public bool PlainRuntime { get; init; }

    /// <summary>Learn a value head from the store and measure the guided reference beside the aligned policy.</summary>
    public bool Guided { get; init; }

    /// <summary>How the guided reference treats the vocabulary.</summary>
    public GuidanceOptions Guidance { get; init; } = new();

    /// <summary>The element type of the weights in memory; BFloat16 below adapters alone.</summary>
    public torch.ScalarType ElementType { get; init; } = torch.ScalarType.Float32;

    /// <summary>How matrices are stored in a GGUF file beside the model; null for no such file.</summary>
    public GgufType? Gguf { get; init; }

    /// <summary>Smaller numbers.</summary>
    public bool Quick { get; init; }

    /// <summary>Stop before training.</summary>
    public bool ReferencesOnly { get; init; }

    /// <summary>Stop after the estimates.</summary>
    public required bool EstimateOnly { get; init; }

    /// <summary>A directory to write tiny models to; null to align.</summary>
    public string? MakeTiny { get; init; }
}
