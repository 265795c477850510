using SentimentControl.Datasets;

namespace SentimentControl.Tests.Training;

[Trait("Tier", "fast")]
public sealed class RunSettingsTests
{
    [Fact]
    public void The_report_says_the_batches_that_are_drawn_not_those_that_were_asked_for()
    {
        var settings = new RunSettings
        {
            ReferenceSteps = 0,
            SamplesPerPrompt = 8,
            Steps = 10,
            ValuedSteps = 3,
            TrainPrompts = 48,
            HeldOutPrompts = 4,
            EvaluationCompletions = 4,
        };
        Assert.Contains("10 steps of 32 prompts x 4", settings.About, StringComparison.Ordinal);
        Assert.Contains("30 steps of 8 to 48 prompts", settings.About, StringComparison.Ordinal); // 56 without the clamp
        Assert.Contains(
            "the first 33 % distillation of the guided policy, then lambda = 0.8, the rate 1.5 times",
            settings.About,
            StringComparison.Ordinal
        );
        Assert.EndsWith("of 48 prompts.", settings.About, StringComparison.Ordinal); // head and guidance are the library's
        Assert.EndsWith(
            "of 48 prompts, learned in 4 passes. Guided decoding gives the 256 most probable tokens values of their own.",
            (
                settings with
                {
                    Head = new() { Epochs = 4 },
                    Guidance = new() { TopTokens = 256 },
                }
            ).About,
            StringComparison.Ordinal
        );
        Assert.Equal(1.5 * settings.LearningRate, settings.Valued().LearningRate, 1e-12);
        Assert.Contains("falling to 0.1 of its peak", settings.About, StringComparison.Ordinal);
        Assert.Contains("10 steps of 20 prompts", (settings with { TrainPrompts = 20 }).About, StringComparison.Ordinal);
    }
}
