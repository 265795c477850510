using System.CommandLine;
using SampleHosting;
using VariationalBoN.Guidance;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Gguf;

namespace AlignHuggingFace;

/// <summary>How the policy is trained, and in what form it is kept. Stateless.</summary>
internal static class TrainingOptions
{
    public static readonly Option<int?> Steps = OptionChecks.Number<int>(
        "--steps",
        "Training steps [default: 200; with --quick 60].",
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<int> PromptsPerStep = OptionChecks.Number(
        "--prompts-per-step",
        "Prompts of a training step.",
        4,
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<int> Completions = OptionChecks.Number(
        "--completions",
        "K, completions of each prompt of a training step: they are compared with each other.",
        8,
        value => value >= 2,
        "at least 2"
    );

    public static readonly Option<int?> MaxNewTokens = OptionChecks.Number<int>(
        "--max-new-tokens",
        "The most tokens of a completion [default: 32; with --quick 12].",
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<int> RowsPerPass = OptionChecks.Number(
        "--rows-per-pass",
        "Completions of one backward pass: fewer need less memory, the result is the same.",
        16,
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<double?> LearningRate = OptionChecks.Number<double>(
        "--learning-rate",
        "Peak of the learning rate [default: 1e-5; with --lora 2e-4; for the tiny models 3e-3].",
        value => value > 0,
        "above 0"
    );

    public static readonly Option<ScheduleShape> LearningRateSchedule = new("--schedule")
    {
        Description = "Schedule of the learning rate: linear or cosine, which fall to a tenth of the peak, or constant.",
        DefaultValueFactory = _ => ScheduleShape.Linear,
    };

    public static readonly Option<double> WeightDecay = OptionChecks.Number(
        "--weight-decay",
        "Weight decay of AdamW.",
        0.0,
        value => value >= 0,
        "at least 0"
    );

    public static readonly Option<double> Clip = OptionChecks.Number(
        "--clip",
        "The norm that a larger gradient is clipped to; 0 for no clipping.",
        1.0,
        value => value >= 0,
        "above 0, or 0 for none"
    );

    public static readonly Option<int> CheckpointEvery = OptionChecks.Number(
        "--checkpoint-every",
        "Steps between two checkpoints: a run that is killed repeats at most these.",
        25,
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<bool> Lora = new("--lora")
    {
        Description = "Train low-rank adapters (LoRA) alone; the reference is then the same model without them.",
    };

    public static readonly Option<string> ElementType = CommonOptions.ElementType(
        "Number format of the weights in memory: bfloat16 takes half of float32; it needs --lora, whose adapters stay float32."
    );

    public static readonly Option<GgufType?> Gguf = new("--gguf")
    {
        Description = "Also write the aligned model as a file for llama.cpp, model.gguf in --output: f32, f16 or q8.",
    };

    public static readonly Option<bool> MixedPrecision = new("--mixed-precision")
    {
        Description = "Matrix products in bfloat16, all else and trained weights in float32: faster on a processor with bfloat16.",
    };

    public static readonly Option<bool> RecomputeActivations = new("--recompute-activations")
    {
        Description = "Compute each block a second time in the backward pass: less memory, about a third more time, the same numbers.",
    };

    public static readonly Option<bool> Guided = new("--guided")
    {
        Description =
            $"Also train a value head on the reference samples. It guides the reference token by token, without fine-tuning. The run "
            + $"prints its held-out numbers and writes {GuidedDecoding.FileName} beside the model.",
    };

    public static readonly Option<int?> TopTokens = OptionChecks.Number<int>(
        "--top-tokens",
        $"With --guided: how many of the most probable next tokens have values of their own; the others share one value. A line of the "
            + $"report says how much of the probability the former hold [default: {new GuidanceOptions().TopTokens}].",
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<TargetBackend> Targets = new("--targets")
    {
        Description =
            "Where the targets of the objective are computed: double, on the host; torch, on the device; "
            + "auto, torch where the device is not the CPU.",
        DefaultValueFactory = _ => TargetBackend.Auto,
    };

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<Option> All { get; } =
    [
        Steps,
        PromptsPerStep,
        Completions,
        MaxNewTokens,
        RowsPerPass,
        LearningRate,
        LearningRateSchedule,
        WeightDecay,
        Clip,
        CheckpointEvery,
        Lora,
        ElementType,
        Gguf,
        MixedPrecision,
        RecomputeActivations,
        Guided,
        TopTokens,
        Targets,
    ];
}
