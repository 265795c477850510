using System.Diagnostics;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Tests.References;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Root;

/// <summary>
/// Spans and counts as a listener gets them. Listeners hear the whole process,
/// so each test tells its own from others' by name, seed or parent.
/// </summary>
[Trait("Tier", "torch")]
public sealed class TelemetryTests
{
    [Fact]
    public void A_draw_is_a_span_with_the_tags_of_generative_models_and_counts_its_tokens()
    {
        var policy = Policy();
        using var heard = new Heard();
        var drawn = policy.Sample(["1 2", "3"], 4, new DrawSeed(77, DrawPurpose.Evaluation));

        Activity draw = Assert.Single(heard.Spans, span => span.OperationName == "draw");
        Assert.Equal(
            [
                ("gen_ai.operation.name", "text_completion"),
                ("gen_ai.request.choice.count", 4),
                ("gen_ai.request.max_tokens", 3),
                ("gen_ai.request.temperature", 1.0),
                ("gen_ai.request.seed", 77L),
                ("variationalbon.prompts", 2),
                ("variationalbon.purpose", "Evaluation"),
                ("gen_ai.usage.output_tokens", (long)drawn.Sum(c => c.Tokens.Length)),
            ],
            draw.TagObjects.Select(tag => (tag.Key, tag.Value!))
        );
        Assert.Equal(ActivityStatusCode.Unset, draw.Status);
        Assert.Equal(8, heard.Sum("variationalbon.completions"));
        Assert.Equal(drawn.Sum(c => c.Tokens.Length), heard.Sum("variationalbon.tokens"));
    }

    [Fact]
    public void A_draw_that_fails_says_so()
    {
        var policy = Policy();
        using var heard = new Heard();
        Assert.Throws<ArgumentException>(() => policy.Sample([""], 1, seed: 1));

        Activity draw = Assert.Single(heard.Spans);
        Assert.Equal((ActivityStatusCode.Error, typeof(ArgumentException).FullName), (draw.Status, draw.GetTagItem("error.type")));
        Assert.Equal(nameof(ArgumentException), draw.StatusDescription); // not its message, which may quote the prompt
    }

    [Fact]
    public async Task Each_call_of_a_judge_is_a_span_with_its_name_and_a_failed_one_its_error()
    {
        var judge = RewardModel.FromBatch(
            (completions, _) =>
                completions[0].Tokens[0] == 2
                    ? throw new FormatException("no number")
                    : Task.FromResult<RewardScores>([.. completions.Select(WordPolicy.Reward)]),
            "judge of telemetry"
        );
        using var heard = new Heard();
        Completion[] completions = [.. Enumerable.Range(0, 5).Select(word => WordPolicy.Word("a", word))];
        await judge.ScoreCheckedAsync(completions, new ScoringOptions { BatchSize = 2, OnFailure = RewardFailure.Exclude });

        Activity[] calls = [.. heard.Spans.Where(span => span.OperationName == "judge")];
        // the second batch failed and was asked again one by one
        Assert.Equal([2, 2, 1, 1, 1], calls.Select(call => (int)call.GetTagItem("variationalbon.completions")!));
        Assert.All(calls, call => Assert.Equal("judge of telemetry", call.GetTagItem("variationalbon.judge.name")));
        Assert.Equal([false, true, true, false, false], calls.Select(call => call.Status == ActivityStatusCode.Error));
        Assert.Equal(5, heard.Count("variationalbon.judge.duration", "variationalbon.judge.name", "judge of telemetry"));
        Assert.Equal(2, heard.Count("variationalbon.judge.duration", "error.type", typeof(FormatException).FullName!));
        Assert.Equal(1, heard.Sum("variationalbon.excluded"));
    }

    [Fact]
    public void A_checkpoint_is_a_span_when_it_is_saved_and_restored_and_a_line_of_the_log()
    {
        string folder = Directory.CreateTempSubdirectory("telemetry-").FullName;
        try
        {
            var lines = new List<LogLine>();
            using var heard = new Heard();
            using var checkpoints = new Checkpoints(folder, options: new CheckpointOptions { Logger = new HeardLog(lines.Add) }).Add(
                "state",
                _ => { },
                _ => { }
            );
            checkpoints.Save(12);
            checkpoints.Restore();

            Assert.Equal(
                ["checkpoint.save 12", "checkpoint.restore 12"],
                heard.Spans.Select(span => $"{span.OperationName} {span.GetTagItem("variationalbon.step")}")
            );
            Assert.Equal(["CheckpointSaved", "CheckpointRestored"], lines.Select(line => line.Event.Name));
            Assert.All(lines, line => Assert.Equal(12L, line.Values["Step"]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static CausalLmPolicy Policy() =>
        new(
            TinyModels.Gpt2().Freeze(),
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions { MaxNewTokens = 3, StopTokens = [0] }
        );
}
