using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using AlignHuggingFace.Prompts;
using SampleHosting;
using VariationalBoN.References;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Gguf;
using static TorchSharp.torch;

namespace AlignHuggingFace;

/// <summary>The options of the program. Stateless.</summary>
internal static class CommandLine
{
    private const string Purpose =
        "Aligns a language model from Hugging Face: afterwards one sample of it is worth the best of N of the model it was.";

    private static readonly Option<string> Model = Folder(
        "--model",
        "Directory of a causal language model as downloaded from Hugging Face (config.json, weights, tokenizer) [default: a tiny GPT-2, "
            + "made within seconds]."
    );

    private static readonly Option<string> Reward = Judge(
        "--reward",
        $"Directory of a sequence classifier, or \"{Arguments.Function}\" for the judge in WordJudge.cs [default with --model: "
            + $"{Arguments.Function}]."
    );

    private static readonly Option<string> Label = new("--label")
    {
        Description = "The label that is rewarded, such as POSITIVE; needed where the classifier has more than one.",
    };

    private static readonly Option<string> SecondReward = Judge(
        "--second-reward",
        $"Another judge, a directory or \"{Arguments.Function}\", that measures held-out answers and is not trained on: "
            + "it shows when the first is exploited."
    );

    private static readonly Option<string> SecondLabel = new("--second-label") { Description = "The label of --second-reward." };

    private static readonly Option<int?> Watch = OptionChecks.Number<int>(
        "--watch",
        "Steps from one look of --second-reward at held-out answers to the next, during training; it alarms when the first judge still "
            + "likes them better and the second worse [default: never].",
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<string> Prompts = new Option<string>("--prompts")
    {
        Description = $"The prompts: {PromptFile.Endings}. Needed with --model.",
    }.Checked(File.Exists, value => $"--prompts is '{value}'; there is no such file");

    private static readonly Option<string> Column = new("--prompt-column")
    {
        Description =
            "The column of --prompts that holds them; texts, or conversations as arrays of messages [default: prompt, or else messages].",
    };

    private static readonly Option<LongPrompts> TooLong = new("--long-prompts")
    {
        Description =
            "What becomes of prompts that leave no room for a completion in the model's context: "
            + "refuse to run, skip them, or truncate them at their beginning.",
        DefaultValueFactory = _ => LongPrompts.Refuse,
    };

    private static readonly Option<int?> HeldOut = OptionChecks.Number<int>(
        "--held-out",
        "How many prompts are held out, to measure on [default: a fifth, at most 100].",
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<int> HeldOutCompletions = OptionChecks.Number(
        "--held-out-completions",
        "Completions of each held-out prompt, of the reference and of the policy.",
        16,
        value => value >= 2,
        "at least 2"
    );

    private static readonly Option<double> N = OptionChecks.Number(
        "--n",
        "N, the draws that one sample is to be worth.",
        8.0,
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<int?> Samples = OptionChecks.Number<int>(
        "--samples",
        "M, reference samples of each prompt [default: 8 N, at least 32].",
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<string> Part = new Option<string>("--shard")
    {
        Description =
            "Draw this part of the reference samples into a store of its own, beside --references, and stop: index/count such as 0/8, "
            + $"or \"{Arguments.Job}\" for what a SLURM array or an Indexed Job of Kubernetes says. All parts take the same other options.",
    }.Checked(IsShard, value => $"--shard is '{value}'; it must be index/count, such as 0/8, the first of eight, or {Arguments.Job}");

    private static readonly Option<bool> Merge = new("--merge")
    {
        Description = "Join the stores that --shard drew, which lie beside --references, and go on with all of them.",
    };

    private static readonly Option<bool> AnyExecution = new("--accept-other-execution")
    {
        Description =
            "Let --shard and --merge bring samples together that were drawn by other processors, --threads or versions: their last digits "
            + "differ, their law does not.",
    };

    private static readonly Option<int?> Block = OptionChecks.Number<int>(
        "--samples-per-block",
        "Draw the samples of a prompt in ranges of this many, which divides --samples: then every sharing and every restart gives the "
            + "same bits. Also the most "
            + $"--shard can share [default: {ReferenceRewards.SamplesPerBlock} with --shard, else all at once].",
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<int?> Steps = OptionChecks.Number<int>(
        "--steps",
        "Training steps [default: 200; with --quick 60].",
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<int> PromptsPerStep = OptionChecks.Number(
        "--prompts-per-step",
        "Prompts of a training step.",
        4,
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<int> Completions = OptionChecks.Number(
        "--completions",
        "K, completions of each prompt of a training step: they are compared with each other.",
        8,
        value => value >= 2,
        "at least 2"
    );

    private static readonly Option<int?> MaxNewTokens = OptionChecks.Number<int>(
        "--max-new-tokens",
        "The most tokens of a completion [default: 32; with --quick 12].",
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<int> RowsPerPass = OptionChecks.Number(
        "--rows-per-pass",
        "Completions whose gradient is taken at a time: bounds memory, not the result.",
        16,
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<double?> LearningRate = OptionChecks.Number<double>(
        "--learning-rate",
        "[default: 1e-5; with --lora 2e-4; for the tiny models 3e-3]",
        value => value > 0,
        "above 0"
    );

    private static readonly Option<ScheduleShape> LearningRateSchedule = new("--schedule")
    {
        Description = "How the learning rate goes: linear or cosine, to a tenth, or constant.",
        DefaultValueFactory = _ => ScheduleShape.Linear,
    };

    private static readonly Option<double> WeightDecay = OptionChecks.Number(
        "--weight-decay",
        "Of AdamW.",
        0.0,
        value => value >= 0,
        "at least 0"
    );

    private static readonly Option<double> Clip = OptionChecks.Number(
        "--clip",
        "The largest norm of a gradient; 0 clips none.",
        1.0,
        value => value >= 0,
        "above 0, or 0 for none"
    );

    private static readonly Option<int> CheckpointEvery = OptionChecks.Number(
        "--checkpoint-every",
        "Steps from one checkpoint to the next: what a kill costs at most.",
        25,
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<bool> Lora = new("--lora")
    {
        Description = "Train low-rank adapters alone; the reference is then the same weights with the adapters off.",
    };

    private static readonly Option<string> ElementType = CommonOptions.ElementType(
        "Of the weights in memory: bfloat16 is half of float32; it needs --lora, whose adapters stay float32."
    );

    private static readonly Option<GgufType?> Gguf = new("--gguf")
    {
        Description = "Also write the aligned model as a file for llama.cpp, model.gguf in --output: f32, f16 or q8.",
    };

    private static readonly Option<bool> MixedPrecision = new("--mixed-precision")
    {
        Description = "Products in bfloat16, everything else and the weights that train in float32: faster where the processor has them.",
    };

    private static readonly Option<bool> RecomputeActivations = new("--recompute-activations")
    {
        Description = "Compute each block a second time in the backward pass: less memory, about a third more time, the same numbers.",
    };

    private static readonly Option<bool> Guided = new("--guided")
    {
        Description =
            $"Also learn a value head from the reference samples, which steers the model as it was token by token, without fine-tuning: "
            + $"its held-out numbers, and {GuidedDecoding.FileName} beside the model.",
    };

    private static readonly Option<TargetBackend> Targets = new("--targets")
    {
        Description =
            "Where the targets of the objective are computed: double, on the host; torch, on the device; "
            + "auto, torch where the device is not the CPU.",
        DefaultValueFactory = _ => TargetBackend.Auto,
    };

    private static readonly Option<long> Seed = CommonOptions.Seed();
    private static readonly Option<string> Output = OutputFolder();

    private static readonly Option<string> References = new Option<string>("--references")
    {
        Description =
            "The store of reference rewards; runs of one model, judge, length and seed may share it, one after the other "
            + $"[default: {ReferenceRewards.FileName} in --output].",
    }.Checked(IsFile, value => $"--references is '{value}'; it must be a file, which may be new");

    private static readonly Option<string> Device = CommonOptions.Device();

    private static readonly Option<string> ReferenceDevice = new Option<string>("--reference-device")
    {
        Description = "Where the reference and the judges are [default: --device].",
    }.Checked(CommonOptions.IsDevice, value => $"--reference-device is '{value}'; it must be cpu, cuda or cuda:<index>");

    private static readonly Option<int> Threads = OptionChecks.Number(
        "--threads",
        "Threads inside an operation; the tiny models take 1.",
        Environment.ProcessorCount,
        value => value is >= 1 and <= 256,
        "1 to 256"
    );

    private static readonly Option<bool> Quick = new("--quick") { Description = "Smaller numbers, to see that all of it works." };
    private static readonly Option<bool> Plain = FastRuntime.Plain();
    private static readonly Option<bool> EstimateOnly = new("--estimate") { Description = "Say what the run would take, and stop." };

    private static readonly Option<bool> ReferencesOnly = new("--references-only")
    {
        Description = "Draw the reference samples, say what Best-of-N promises with them, and stop: for the choice of N.",
    };

    private static readonly Option<string> MakeTiny = new Option<string>("--make-tiny")
    {
        Description = "Write a tiny GPT-2, a tiny classifier and prompts to this directory, and stop.",
    }.Checked(CommonOptions.IsFolder, value => $"--make-tiny is '{value}'; it must be a folder, which may be new");

    /// <summary>Parses the arguments and runs the program, or prints help or one line that says what is wrong.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="run">The program; returns its exit code.</param>
    /// <returns>The exit code: 0, 2 for wrong arguments, or what the program returned.</returns>
    public static Task<int> InvokeAsync(string[] args, Func<Arguments, CancellationToken, Task<int>> run)
    {
        var program = new RootCommand(Purpose)
        {
            Model,
            Reward,
            Label,
            SecondReward,
            SecondLabel,
            Watch,
            Prompts,
            Column,
            TooLong,
            HeldOut,
            HeldOutCompletions,
            N,
            Samples,
            Part,
            Merge,
            AnyExecution,
            Block,
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
            Targets,
            Seed,
            Output,
            References,
            Device,
            ReferenceDevice,
            Threads,
            Quick,
            Plain,
            EstimateOnly,
            ReferencesOnly,
            MakeTiny,
        };
        program.Validators.Add(Relations);
        program.SetAction((result, stop) => run(Read(result), stop));
        return CommandHost.InvokeAsync(program, args);
    }

    /// <summary>Options that need or exclude others.</summary>
    private static void Relations(CommandResult result)
    {
        if (Given(MakeTiny))
        {
            foreach (var option in result.Command.Options.Where(option => option != MakeTiny && Given(option)))
                result.AddError($"{option.Name} does not go with --make-tiny, which writes models and stops");
            return;
        }

        if (Given(Model) && !Given(Prompts))
            result.AddError($"--model needs --prompts, a file of prompts: {PromptFile.Endings}");
        foreach (var option in new Option[] { Reward, Label, Prompts, Threads }.Where(option => !Given(Model) && Given(option)))
            result.AddError($"{option.Name} goes with --model; without it tiny models are made");
        if (
            Given(ElementType)
            && CommonOptions.ElementTypeOf(result.GetRequiredValue(ElementType)) == ScalarType.BFloat16
            && !result.GetValue(Lora)
        )
            result.AddError("--element-type bfloat16 needs --lora: small steps of training would be rounded away in 16 bits");
        if (Given(Column) && !Given(Prompts))
            result.AddError("--prompt-column goes with --prompts");
        if (Given(EstimateOnly) && Given(ReferencesOnly))
            result.AddError("--references-only does not go with --estimate, which draws none");
        foreach (
            var option in new Option[] { EstimateOnly, ReferencesOnly, Merge, Guided, Watch, SecondReward }.Where(option =>
                Given(Part) && Given(option)
            )
        )
            result.AddError($"{option.Name} does not go with --shard, which draws its part and stops");
        if (Given(Guided) && (Given(EstimateOnly) || Given(ReferencesOnly)))
            result.AddError("--guided does not go with --estimate and --references-only, which stop before it");
        if (Given(Guided) && result.GetValue(Samples) < result.GetValue(N))
            result.AddError(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"--guided with --n {result.GetValue(N)} needs --samples of at least as many, here {result.GetValue(Samples)}: fewer "
                        + $"cannot tell the best of them"
                )
            );
        if (Given(SecondLabel) && !Given(SecondReward))
            result.AddError("--second-label goes with --second-reward");
        if (Given(Watch) && !Given(SecondReward))
            result.AddError("--watch goes with --second-reward, the judge that watches");
        foreach ((Option<string> judge, Option<string> label) in new[] { (Reward, Label), (SecondReward, SecondLabel) })
        {
            if (Given(label) && (Given(judge) || Given(Model)) && (result.GetValue(judge) ?? Arguments.Function) == Arguments.Function)
                result.AddError($"{label.Name} goes with a directory as {judge.Name}; \"{Arguments.Function}\" has no labels");
        }

        bool Given(Option option) => result.GetResult(option) is { Implicit: false };
    }

    private static Arguments Read(ParseResult result)
    {
        bool quick = result.GetValue(Quick),
            lora = result.GetValue(Lora);
        string? model = result.GetValue(Model);
        double n = result.GetValue(N);
        string device = result.GetRequiredValue(Device),
            output = result.GetRequiredValue(Output);
        return new Arguments
        {
            Model = model,
            Reward = result.GetValue(Reward) ?? (model is null ? null : Arguments.Function),
            Label = result.GetValue(Label),
            SecondReward = result.GetValue(SecondReward),
            SecondLabel = result.GetValue(SecondLabel),
            Watch = result.GetValue(Watch),
            Prompts = result.GetValue(Prompts),
            PromptColumn = result.GetValue(Column),
            LongPrompts = result.GetValue(TooLong),
            HeldOut = result.GetValue(HeldOut),
            HeldOutCompletions = result.GetValue(HeldOutCompletions),
            N = n,
            SamplesPerPrompt = result.GetValue(Samples) ?? Math.Max(32, (int)Math.Ceiling(8 * n)),
            Shard = result.GetValue(Part),
            Merge = result.GetValue(Merge),
            AcceptOtherExecution = result.GetValue(AnyExecution),
            SamplesPerBlock = result.GetValue(Block) ?? (result.GetValue(Part) is null ? null : ReferenceRewards.SamplesPerBlock),
            Steps = result.GetValue(Steps) ?? (quick ? 60 : 200),
            PromptsPerStep = result.GetValue(PromptsPerStep),
            CompletionsPerPrompt = result.GetValue(Completions),
            MaxNewTokens = result.GetValue(MaxNewTokens) ?? (quick ? 12 : 32),
            RowsPerPass = result.GetValue(RowsPerPass),
            LearningRate =
                result.GetValue(LearningRate)
                ?? (
                    model is null ? 3e-3
                    : lora ? 2e-4
                    : 1e-5
                ),
            Schedule = result.GetValue(LearningRateSchedule),
            WeightDecay = result.GetValue(WeightDecay),
            Clip = result.GetValue(Clip),
            CheckpointEvery = result.GetValue(CheckpointEvery),
            Lora = lora,
            ElementType = CommonOptions.ElementTypeOf(result.GetRequiredValue(ElementType)),
            Gguf = result.GetValue(Gguf),
            MixedPrecision = result.GetValue(MixedPrecision),
            RecomputeActivations = result.GetValue(RecomputeActivations),
            Guided = result.GetValue(Guided),
            Quick = quick,
            Targets = result.GetValue(Targets),
            Seed = result.GetValue(Seed),
            Output = output,
            References = result.GetValue(References) ?? Path.Combine(output, ReferenceRewards.FileName),
            Device = device,
            ReferenceDevice = result.GetValue(ReferenceDevice) ?? device,
            Threads = model is null ? 1 : result.GetValue(Threads), // for models so small more threads only wait for each other
            PlainRuntime = result.GetValue(Plain),
            ReferencesOnly = result.GetValue(ReferencesOnly),
            EstimateOnly = result.GetValue(EstimateOnly),
            MakeTiny = result.GetValue(MakeTiny),
        };
    }

    private static Option<string> Folder(string name, string description) =>
        new Option<string>(name) { Description = description }.Checked(
            Directory.Exists,
            value => $"{name} is '{value}'; there is no such directory"
        );

    private static Option<string> Judge(string name, string description) =>
        new Option<string>(name) { Description = description }.Checked(
            value => value == Arguments.Function || Directory.Exists(value),
            value => $"{name} is '{value}'; it must be a directory or \"{Arguments.Function}\""
        );

    private static bool IsShard(string text)
    {
        try
        {
            return text == Arguments.Job || Shard.Parse(text).Count > 0;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static bool IsFile(string path) =>
        !string.IsNullOrWhiteSpace(path)
        && !path.Contains('\0', StringComparison.Ordinal)
        && !Path.EndsInDirectorySeparator(path)
        && !Directory.Exists(path)
        && CommonOptions.IsFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);

    private static Option<string> OutputFolder()
    {
        var option = CommonOptions.Output(
            "Folder for the aligned model, checkpoints, metrics and the store of reference rewards; a run that was stopped goes on from it."
        );
        option.DefaultValueFactory = _ => Path.Combine("output", "aligned");
        return option;
    }
}
