using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Runtime.InteropServices;
using AlignHuggingFace.Prompts;
using VariationalBoN.Training;

namespace AlignHuggingFace;

/// <summary>The options of the program. Stateless.</summary>
internal static class CommandLine
{
    public const int UsageError = 2;
    private static readonly Option<string> Model = new("--model") { Description = "Directory of a causal language model as downloaded from Hugging Face (config.json, weights, tokenizer) [default: a tiny random GPT-2]." };
    private static readonly Option<string> Reward = new("--reward") { Description = $"Directory of a sequence classifier, or \"{Arguments.Function}\" for the judge in WordJudge.cs [default with --model: {Arguments.Function}]." };
    private static readonly Option<string> Label = new("--label") { Description = "The label that is rewarded, such as POSITIVE; needed where the classifier has more than one." };
    private static readonly Option<string> Prompts = new("--prompts") { Description = $"The prompts: {PromptFile.Endings}. Needed with --model." };
    private static readonly Option<string> Column = new("--prompt-column") { Description = "The column of --prompts that holds them; texts, or conversations as arrays of messages [default: prompt, or else messages]." };
    private static readonly Option<LongPrompts> TooLong = new("--long-prompts") { Description = "What becomes of prompts that leave no room for a completion in the model's context: refuse to run, skip them, or truncate them at their beginning.", DefaultValueFactory = _ => LongPrompts.Refuse };
    private static readonly Option<int?> HeldOut = new("--held-out") { Description = "How many prompts are held out, to measure on [default: a fifth, at most 100]." };
    private static readonly Option<double> N = new("--n") { Description = "N, the draws that one sample is to be worth.", DefaultValueFactory = _ => 8 };
    private static readonly Option<int?> Samples = new("--samples") { Description = "M, reference samples of each prompt [default: 8 N, at least 32]." };
    private static readonly Option<int?> Steps = new("--steps") { Description = "Training steps [default: 200; with --quick 60]." };
    private static readonly Option<int> PromptsPerStep = new("--prompts-per-step") { Description = "Prompts of a training step.", DefaultValueFactory = _ => 4 };
    private static readonly Option<int> Completions = new("--completions") { Description = "K, completions of each prompt of a training step.", DefaultValueFactory = _ => 8 };
    private static readonly Option<int?> MaxNewTokens = new("--max-new-tokens") { Description = "The most tokens of a completion [default: 32; with --quick 12]." };
    private static readonly Option<int> RowsPerPass = new("--rows-per-pass") { Description = "Completions whose gradient is taken at a time: bounds memory, not the result.", DefaultValueFactory = _ => 16 };
    private static readonly Option<double?> LearningRate = new("--learning-rate") { Description = "[default: 1e-5; with --lora 2e-4; for the tiny models 3e-3]" };
    private static readonly Option<ScheduleShape> LearningRateSchedule = new("--schedule") { Description = "How the learning rate goes: linear or cosine, to a tenth, or constant.", DefaultValueFactory = _ => ScheduleShape.Linear };
    private static readonly Option<double> WeightDecay = new("--weight-decay") { Description = "Of AdamW.", DefaultValueFactory = _ => 0 };
    private static readonly Option<double> Clip = new("--clip") { Description = "The largest norm of a gradient; 0 clips none.", DefaultValueFactory = _ => 1 };
    private static readonly Option<int> CheckpointEvery = new("--checkpoint-every") { Description = "Steps from one checkpoint to the next: what a kill costs at most.", DefaultValueFactory = _ => 25 };
    private static readonly Option<bool> Lora = new("--lora") { Description = "Train low-rank adapters alone; the reference is then the same weights with the adapters off." };
    private static readonly Option<TargetBackend> Targets = new("--targets") { Description = "Where the targets of the objective are computed: double, on the host; torch, on the device; auto, torch where the device is not the CPU. Objectives without a device form use double and say so.", DefaultValueFactory = _ => TargetBackend.Auto };
    private static readonly Option<long> Seed = new("--seed") { Description = "Seed of everything random, 0 or more.", DefaultValueFactory = _ => 1 };
    private static readonly Option<string> Output = new("--output") { Description = "Folder for the aligned model, checkpoints, metrics and the store of reference rewards; a run that was stopped goes on from it.", DefaultValueFactory = _ => Path.Combine("output", "aligned") };
    private static readonly Option<string> Device = new("--device") { Description = "cpu, cuda, or cuda:<index>.", DefaultValueFactory = _ => "cpu" };
    private static readonly Option<int> Threads = new("--threads") { Description = "Threads inside an operation.", DefaultValueFactory = _ => Environment.ProcessorCount };
    private static readonly Option<bool> Quick = new("--quick") { Description = "Smaller numbers, to see that all of it works." };
    private static readonly Option<bool> EstimateOnly = new("--estimate") { Description = "Say what the run would take, and stop." };
    private static readonly Option<string> MakeTiny = new("--make-tiny") { Description = "Write a tiny random GPT-2, DistilBERT classifier and prompts to this directory, and stop." };

    /// <summary>Parses the arguments and runs the program, or prints help or one line that says what is wrong.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="run">The program; returns its exit code.</param>
    /// <returns>The exit code: 0, 2 for wrong arguments, or what the program returned.</returns>
    public static async Task<int> InvokeAsync(string[] args, Func<Arguments, CancellationToken, Task<int>> run)
    {
        var command = new RootCommand("Aligns a language model from Hugging Face: afterwards one sample of it is worth the best of N of the model it was.")
        {
            Model, Reward, Label, Prompts, Column, TooLong, HeldOut, N, Samples, Steps, PromptsPerStep, Completions, MaxNewTokens, RowsPerPass, LearningRate, LearningRateSchedule, WeightDecay, Clip, CheckpointEvery, Lora, Targets, Seed, Output, Device, Threads, Quick, EstimateOnly, MakeTiny,
        };
        AddChecks(command);
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        command.SetAction((result, _) => run(Read(result), stop.Token));
        var parsed = command.Parse(args);
        if (parsed.Errors.Count == 0)
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        Console.Error.WriteLine($"{parsed.Errors[0].Message.ReplaceLineEndings(" ").TrimEnd('.')}. Try --help.");
        return UsageError;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static Arguments Read(ParseResult result)
    {
        bool quick = result.GetValue(Quick), lora = result.GetValue(Lora);
        string? model = result.GetValue(Model);
        double n = result.GetValue(N);
        return new Arguments
        {
            Model = model,
            Reward = result.GetValue(Reward) ?? (model is null ? null : Arguments.Function),
            Label = result.GetValue(Label),
            Prompts = result.GetValue(Prompts),
            PromptColumn = result.GetValue(Column),
            LongPrompts = result.GetValue(TooLong),
            HeldOut = result.GetValue(HeldOut),
            N = n,
            SamplesPerPrompt = result.GetValue(Samples) ?? Math.Max(32, (int)Math.Ceiling(8 * n)),
            Steps = result.GetValue(Steps) ?? (quick ? 60 : 200),
            PromptsPerStep = result.GetValue(PromptsPerStep),
            CompletionsPerPrompt = result.GetValue(Completions),
            MaxNewTokens = result.GetValue(MaxNewTokens) ?? (quick ? 12 : 32),
            RowsPerPass = result.GetValue(RowsPerPass),
            LearningRate = result.GetValue(LearningRate) ?? (model is null ? 3e-3 : lora ? 2e-4 : 1e-5),
            Schedule = result.GetValue(LearningRateSchedule),
            WeightDecay = result.GetValue(WeightDecay),
            Clip = result.GetValue(Clip),
            CheckpointEvery = result.GetValue(CheckpointEvery),
            Lora = lora,
            Targets = result.GetValue(Targets),
            Seed = result.GetValue(Seed),
            Output = result.GetRequiredValue(Output),
            Device = result.GetRequiredValue(Device),
            Threads = model is null ? 1 : result.GetValue(Threads), // for models so small more threads only wait for each other
            EstimateOnly = result.GetValue(EstimateOnly),
            MakeTiny = result.GetValue(MakeTiny),
        };
    }

    private static void AddChecks(RootCommand command)
    {
        Check(Model, Directory.Exists, value => $"--model is '{value}'; there is no such directory");
        Check(Reward, value => value == Arguments.Function || Directory.Exists(value), value => $"--reward is '{value}'; it must be a directory or \"{Arguments.Function}\"");
        Check(Prompts, File.Exists, value => $"--prompts is '{value}'; there is no such file");
        Check(N, value => value >= 1 && double.IsFinite(value), value => $"--n is {value}; it must be at least 1");
        Check(Samples, value => value >= 1, value => $"--samples is {value}; it must be at least 1");
        Check(Steps, value => value >= 1, value => $"--steps is {value}; it must be at least 1");
        Check(HeldOut, value => value >= 1, value => $"--held-out is {value}; it must be at least 1");
        Check(PromptsPerStep, value => value >= 1, value => $"--prompts-per-step is {value}; it must be at least 1");
        Check(Completions, value => value >= 2, value => $"--completions is {value}; it must be at least 2, since completions of a prompt are compared with each other");
        Check(MaxNewTokens, value => value >= 1, value => $"--max-new-tokens is {value}; it must be at least 1");
        Check(RowsPerPass, value => value >= 1, value => $"--rows-per-pass is {value}; it must be at least 1");
        Check(LearningRate, value => value > 0, value => $"--learning-rate is {value}; it must be above 0");
        Check(WeightDecay, value => value >= 0 && double.IsFinite(value), value => $"--weight-decay is {value}; it must be at least 0");
        Check(Clip, value => value >= 0 && double.IsFinite(value), value => $"--clip is {value}; it must be above 0, or 0 for none");
        Check(CheckpointEvery, value => value >= 1, value => $"--checkpoint-every is {value}; it must be at least 1");
        Check(Seed, value => value >= 0, value => $"--seed is {value}; it must be at least 0");
        Check(Threads, value => value is >= 1 and <= 256, value => $"--threads is {value}; it must be 1 to 256");
        Check(Device, IsDevice, value => $"--device is '{value}'; it must be cpu, cuda or cuda:<index>");
        Check(Output, value => !string.IsNullOrWhiteSpace(value) && !File.Exists(value), value => $"--output is '{value}'; it must be a folder, which may be new");
        Check(MakeTiny, value => !string.IsNullOrWhiteSpace(value) && !File.Exists(value), value => $"--make-tiny is '{value}'; it must be a folder, which may be new");
        command.Validators.Add(result =>
        {
            bool hasModel = result.GetResult(Model) is not null, hasReward = result.GetResult(Reward) is not null, hasPrompts = result.GetResult(Prompts) is not null;
            if (hasModel && !hasPrompts)
                result.AddError($"--model needs --prompts, a file of prompts: {PromptFile.Endings}");
            if (!hasModel && (hasReward || hasPrompts))
                result.AddError("--reward and --prompts go with --model; without it tiny random models are made");
            if (!hasPrompts && result.GetResult(Column) is not null)
                result.AddError("--prompt-column goes with --prompts");
        });
    }

    private static void Check<T>(Option<T> option, Func<T, bool> holds, Func<T, string> message) => option.Validators.Add((OptionResult result) =>
    {
        try
        {
            if (result.Tokens.Count > 0 && !result.Errors.Any() && result.GetValue(option) is T value && !holds(value))
                result.AddError(message(value));
        }
        catch (InvalidOperationException)
        {
            result.AddError($"{option.Name} is '{result.Tokens[0].Value}'; it must be a number");
        }
    });

    private static bool IsDevice(string value) =>
        value is "cpu" or "cuda" || (value.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(value.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out _));
}
