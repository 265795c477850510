using VariationalBoN.Training;

namespace AlignHuggingFace.Tests.Runs;

/// <summary>Arguments of a run of a second.</summary>
internal static class TinyArguments
{
    public static Arguments Make(string folder) =>
        new()
        {
            Output = folder,
            References = Path.Combine(folder, ReferenceRewards.FileName),
            Lora = false,
            N = 2,
            SamplesPerPrompt = 8,
            Steps = 1,
            PromptsPerStep = 2,
            CompletionsPerPrompt = 2,
            MaxNewTokens = 4,
            RowsPerPass = 16,
            LearningRate = 1,
            Schedule = ScheduleShape.Constant,
            WeightDecay = 0,
            Clip = 1,
            CheckpointEvery = 5,
            Targets = TargetBackend.Auto,
            Seed = 1,
            Device = "cpu",
            ReferenceDevice = "cpu",
            Threads = 1,
            EstimateOnly = false,
        };
}
