using SentimentControl.Tests.Commands;
using TrainReward;
using VariationalBoN.Rewards;
using VariationalBoN.Testing.Models;
using VariationalBoN.Transformers;

namespace SentimentControl.Tests.Judges;

/// <summary>TrainReward on files of a user: a tiny model and pairs.</summary>
[Trait("Tier", "torch")]
[Collection("Console")]
public sealed class JudgeRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("judge-run").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_run_makes_a_judge_and_one_that_was_stopped_ends_with_the_same_bits()
    {
        var arguments = Given("whole");
        string printed = await RunAsync(arguments);
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            JudgeRun.RunAsync(arguments with { Output = Path.Combine(_folder, "stopped") }, new Stopping("step 2 of 6", stop), stop.Token)
        );
        Assert.False(Directory.Exists(Path.Combine(_folder, "stopped", "judge")));
        string resumed = await RunAsync(arguments with { Output = Path.Combine(_folder, "stopped") });

        Assert.Contains("training goes on after step 2 of 6", resumed, StringComparison.Ordinal);
        foreach (string file in (string[])["judge/model.safetensors", "judge/config.json", "metrics.jsonl", "references.jsonl"])
            Assert.Equal(
                File.ReadAllBytes(Path.Combine(_folder, "whole", file)),
                File.ReadAllBytes(Path.Combine(_folder, "stopped", file))
            );
        foreach (
            string text in (string[])["accuracy of the judge", "expected calibration error", "best of 4 by the judge", "beats one draw"]
        )
            Assert.Contains(text, printed, StringComparison.Ordinal);
        Assert.Contains(
            "| accuracy of the judge |",
            File.ReadAllText(Path.Combine(_folder, "whole", "report.md")),
            StringComparison.Ordinal
        );
        using var judge = PretrainedClassifier.Load(Path.Combine(_folder, "whole", "judge"));
        Assert.Equal(judge.Tokenizer.EosId, judge.Tokenizer.PadId);
        // the folder is of another run
        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(arguments with { Centring = 0.5 }));
    }

    [Fact]
    public async Task Faulty_pairs_end_the_run_before_anything_is_trained_unless_they_are_to_be_skipped()
    {
        var arguments = Given("faulty");
        PreferencePair[] pairs = PreferencePairs.ReadJsonLines(arguments.Pairs!);
        PreferencePairs.WriteJsonLines(arguments.Pairs!, [.. pairs, pairs[0] with { Rejected = pairs[0].Chosen }]);
        var output = new StringWriter();
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => JudgeRun.RunAsync(arguments, output, CancellationToken.None));

        Assert.Contains("--skip-faulty", error.Message, StringComparison.Ordinal);
        Assert.Contains("! 1 pair has equal answers", output.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(arguments.Output, "checkpoints")));
        Assert.Equal(pairs.Length, PairsRead(PairData.Read(arguments with { SkipFaulty = true }, output)));
    }

    [Fact]
    public async Task Prompts_that_all_measure_leave_none_to_align_on_and_it_is_said_before_training()
    {
        var arguments = Given("few");
        string heldOut = Path.Combine(_folder, "held-out.jsonl");
        PreferencePairs.WriteJsonLines(
            heldOut,
            TinyText.Prompts.Select(prompt => new PreferencePair
            {
                Prompt = prompt,
                Chosen = " so good.",
                Rejected = " so bad.",
            })
        );
        var error = await Assert.ThrowsAsync<InvalidDataException>(() =>
            RunAsync(arguments with { HeldOutPairs = heldOut, Prompts = 1000 })
        );

        foreach (string option in (string[])["--align 1", "--prompts 1000", "--align 0"])
            Assert.Contains(option, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(arguments.Output, "checkpoints")));
    }

    [Theory]
    [InlineData("--pairs needs --model", "--pairs", "{file}")]
    [InlineData("--model needs --pairs", "--model", "{folder}")]
    [InlineData("--flipped", "--flipped", "0.5")]
    [InlineData("--quick", "--model", "{folder}", "--pairs", "{file}", "--quick")]
    [InlineData("no such file", "--model", "{folder}", "--pairs", "nowhere.jsonl")]
    public async Task Options_that_do_not_go_together_are_one_line(string message, params string[] args)
    {
        string file = Path.Combine(_folder, "some.jsonl");
        await File.WriteAllTextAsync(file, "");
        (int code, string error, _) = await ConsoleCapture.RunAsync(() =>
            TrainReward.CommandLine.InvokeAsync(
                [
                    .. args.Select(arg =>
                        arg.Replace("{file}", file, StringComparison.Ordinal).Replace("{folder}", _folder, StringComparison.Ordinal)
                    ),
                ],
                (_, _) => Task.FromResult(0)
            )
        );

        Assert.Equal(2, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    private static int PairsRead(PairData data) => data.Train.Length + data.HeldOut.Length;

    private static async Task<string> RunAsync(TrainReward.Arguments arguments)
    {
        var output = new StringWriter();
        await JudgeRun.RunAsync(arguments, output, CancellationToken.None);
        return output.ToString();
    }

    private TrainReward.Arguments Given(string name)
    {
        string model = Path.Combine(_folder, "model"),
            pairs = Path.Combine(_folder, "pairs.jsonl");
        TinyLanguageModel.Write(model, steps: 0);
        string[] kind = [.. TinyText.PraiseWords],
            cold = [.. TinyText.BlameWords];
        PreferencePairs.WriteJsonLines(
            pairs,
            TinyText.Prompts.Select(
                (prompt, i) =>
                    new PreferencePair
                    {
                        Prompt = prompt,
                        Chosen = $" {kind[i % 5]}.",
                        Rejected = $" {cold[i % 4]}.",
                    }
            )
        );
        return new TrainReward.Arguments
        {
            Model = model,
            Pairs = pairs,
            HeldOutShare = 0.3,
            Flipped = 0,
            Steps = 6,
            PairsPerStep = 8,
            PairsPerPass = 3,
            LearningRate = 1e-3,
            Centring = 0.01,
            Lora = false,
            CheckpointEvery = 4,
            N = 4,
            Prompts = 3,
            SamplesPerPrompt = 4,
            MaxNewTokens = 4,
            Align = 1,
            Seed = 1,
            Output = Path.Combine(_folder, name),
            Threads = 1,
            Quick = false,
        };
    }

    /// <summary>Asks the run to stop when a line is written.</summary>
    private sealed class Stopping(string line, CancellationTokenSource stop) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.StartsWith(line, StringComparison.Ordinal) == true)
                stop.Cancel();
        }
    }
}
