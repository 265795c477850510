using System.CommandLine;
using SampleHosting;
using VariationalBoN.Guidance;

namespace AlignHuggingFace;

/// <summary>What stands behind the name of the program, and the <see cref="Arguments"/> that it comes to. Stateless.</summary>
internal static class CommandLine
{
    private const string Purpose =
        "Aligns a language model from Hugging Face: afterwards one sample of it is worth the best of N samples of it before.";

    /// <summary>Parses the arguments and runs the program, or prints help or one line that says what is wrong.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="run">The program; returns its exit code.</param>
    /// <returns>The exit code: 0, 2 for wrong arguments, or what the program returned.</returns>
    public static Task<int> InvokeAsync(string[] args, Func<Arguments, CancellationToken, Task<int>> run)
    {
        var program = new RootCommand(Purpose);
        foreach (var option in InputOptions.All.Concat(SamplingOptions.All).Concat(TrainingOptions.All).Concat(RunOptions.All))
            program.Options.Add(option);
        program.Validators.Add(OptionRelations.Check);
        program.SetAction((result, stop) => run(Read(result), stop));
        return CommandHost.InvokeAsync(program, args);
    }

    private static Arguments Read(ParseResult result)
    {
        bool quick = result.GetValue(RunOptions.Quick),
            lora = result.GetValue(TrainingOptions.Lora);
        string? model = result.GetValue(InputOptions.Model);
        double n = result.GetValue(SamplingOptions.N);
        string device = result.GetRequiredValue(RunOptions.Device),
            output = result.GetRequiredValue(RunOptions.Output);
        return new Arguments
        {
            Model = model,
            Reward = result.GetValue(InputOptions.Reward) ?? (model is null ? null : Arguments.Function),
            Label = result.GetValue(InputOptions.Label),
            SecondReward = result.GetValue(InputOptions.SecondReward),
            SecondLabel = result.GetValue(InputOptions.SecondLabel),
            Watch = result.GetValue(InputOptions.Watch),
            Prompts = result.GetValue(InputOptions.Prompts),
            PromptColumn = result.GetValue(InputOptions.Column),
            LongPrompts = result.GetValue(InputOptions.TooLong),
            HeldOut = result.GetValue(InputOptions.HeldOut),
            HeldOutCompletions = result.GetValue(InputOptions.HeldOutCompletions),
            N = n,
            SamplesPerPrompt = result.GetValue(SamplingOptions.Samples) ?? Math.Max(32, (int)Math.Ceiling(8 * n)),
            Shard = result.GetValue(SamplingOptions.Part),
            Merge = result.GetValue(SamplingOptions.Merge),
            AcceptOtherExecution = result.GetValue(SamplingOptions.AnyExecution),
            SamplesPerBlock =
                result.GetValue(SamplingOptions.Block)
                ?? (result.GetValue(SamplingOptions.Part) is null ? null : ReferenceRewards.SamplesPerBlock),
            Steps = result.GetValue(TrainingOptions.Steps) ?? (quick ? 60 : 200),
            PromptsPerStep = result.GetValue(TrainingOptions.PromptsPerStep),
            CompletionsPerPrompt = result.GetValue(TrainingOptions.Completions),
            MaxNewTokens = result.GetValue(TrainingOptions.MaxNewTokens) ?? (quick ? 12 : 32),
            RowsPerPass = result.GetValue(TrainingOptions.RowsPerPass),
            LearningRate =
                result.GetValue(TrainingOptions.LearningRate)
                ?? (
                    model is null ? 3e-3
                    : lora ? 2e-4
                    : 1e-5
                ),
            Schedule = result.GetValue(TrainingOptions.LearningRateSchedule),
            WeightDecay = result.GetValue(TrainingOptions.WeightDecay),
            Clip = result.GetValue(TrainingOptions.Clip),
            CheckpointEvery = result.GetValue(TrainingOptions.CheckpointEvery),
            Lora = lora,
            ElementType = CommonOptions.ElementTypeOf(result.GetRequiredValue(TrainingOptions.ElementType)),
            Gguf = result.GetValue(TrainingOptions.Gguf),
            MixedPrecision = result.GetValue(TrainingOptions.MixedPrecision),
            RecomputeActivations = result.GetValue(TrainingOptions.RecomputeActivations),
            Guided = result.GetValue(TrainingOptions.Guided),
            Guidance = result.GetValue(TrainingOptions.TopTokens) is int top
                ? new GuidanceOptions { TopTokens = top }
                : new GuidanceOptions(),
            Quick = quick,
            Targets = result.GetValue(TrainingOptions.Targets),
            Seed = result.GetValue(RunOptions.Seed),
            Output = output,
            References = result.GetValue(RunOptions.References) ?? Path.Combine(output, ReferenceRewards.FileName),
            Device = device,
            ReferenceDevice = result.GetValue(RunOptions.ReferenceDevice) ?? device,
            Threads = model is null ? 1 : result.GetValue(RunOptions.Threads), // for models so small more threads only wait for each other
            PlainRuntime = result.GetValue(RunOptions.Plain),
            ReferencesOnly = result.GetValue(RunOptions.ReferencesOnly),
            EstimateOnly = result.GetValue(RunOptions.EstimateOnly),
            MakeTiny = result.GetValue(RunOptions.MakeTiny),
        };
    }
}
