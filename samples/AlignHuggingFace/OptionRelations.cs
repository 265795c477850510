using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using AlignHuggingFace.Prompts;
using SampleHosting;
using static TorchSharp.torch;

namespace AlignHuggingFace;

/// <summary>Options that need or exclude others. Stateless.</summary>
internal static class OptionRelations
{
    /// <summary>Adds an error for each pair that does not go together.</summary>
    public static void Check(CommandResult result)
    {
        if (Given(RunOptions.MakeTiny))
        {
            foreach (var option in result.Command.Options.Where(option => option != RunOptions.MakeTiny && Given(option)))
                result.AddError($"{option.Name} cannot be combined with --make-tiny, which writes models and stops");
            return;
        }

        if (Given(InputOptions.Model) && !Given(InputOptions.Prompts))
            result.AddError($"--model needs --prompts, a file of prompts: {PromptFile.Endings}");
        foreach (
            var option in new Option[] { InputOptions.Reward, InputOptions.Label, InputOptions.Prompts, RunOptions.Threads }.Where(option =>
                !Given(InputOptions.Model) && Given(option)
            )
        )
            result.AddError($"{option.Name} needs --model; without --model tiny models are made");
        if (
            Given(TrainingOptions.ElementType)
            && CommonOptions.ElementTypeOf(result.GetRequiredValue(TrainingOptions.ElementType)) == ScalarType.BFloat16
            && !result.GetValue(TrainingOptions.Lora)
        )
            result.AddError("--element-type bfloat16 needs --lora: small steps of training would be rounded away in 16 bits");
        if (Given(InputOptions.Column) && !Given(InputOptions.Prompts))
            result.AddError("--prompt-column needs --prompts");
        if (Given(RunOptions.EstimateOnly) && Given(RunOptions.ReferencesOnly))
            result.AddError("--references-only cannot be combined with --estimate, which draws none");
        foreach (
            var option in new Option[]
            {
                RunOptions.EstimateOnly,
                RunOptions.ReferencesOnly,
                SamplingOptions.Merge,
                TrainingOptions.Guided,
                InputOptions.Watch,
                InputOptions.SecondReward,
            }.Where(option => Given(SamplingOptions.Part) && Given(option))
        )
            result.AddError($"{option.Name} cannot be combined with --shard, which draws its part and stops");
        if (Given(TrainingOptions.Guided) && (Given(RunOptions.EstimateOnly) || Given(RunOptions.ReferencesOnly)))
            result.AddError("--guided cannot be combined with --estimate or --references-only, which stop before it");
        if (Given(TrainingOptions.Guided) && result.GetValue(SamplingOptions.Samples) < result.GetValue(SamplingOptions.N))
            result.AddError(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"--guided with --n {result.GetValue(SamplingOptions.N)} needs --samples of at least as many, here "
                        + $"{result.GetValue(SamplingOptions.Samples)}: fewer cannot tell the best of them"
                )
            );
        if (Given(TrainingOptions.TopTokens) && !Given(TrainingOptions.Guided))
            result.AddError("--top-tokens needs --guided");
        if (Given(InputOptions.SecondLabel) && !Given(InputOptions.SecondReward))
            result.AddError("--second-label needs --second-reward");
        if (Given(InputOptions.Watch) && !Given(InputOptions.SecondReward))
            result.AddError("--watch needs --second-reward, the judge that watches");
        foreach (
            (Option<string> judge, Option<string> label) in new[]
            {
                (InputOptions.Reward, InputOptions.Label),
                (InputOptions.SecondReward, InputOptions.SecondLabel),
            }
        )
        {
            if (
                Given(label)
                && (Given(judge) || Given(InputOptions.Model))
                && (result.GetValue(judge) ?? Arguments.Function) == Arguments.Function
            )
                result.AddError($"{label.Name} needs a directory as {judge.Name}; \"{Arguments.Function}\" has no labels");
        }

        bool Given(Option option) => result.GetResult(option) is { Implicit: false };
    }
}
