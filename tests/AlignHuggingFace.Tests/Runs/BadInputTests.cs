using System.Text;

namespace AlignHuggingFace.Tests.Runs;

/// <summary>What users get wrong: each ends with one line that names it, before anything is drawn.</summary>
[Trait("Tier", "torch")]
[Collection("Console")]
public sealed class BadInputTests(TinyDirectory tiny) : IClassFixture<TinyDirectory>
{
    private const int Failure = 1,
        Usage = 2;

    [Fact]
    public async Task A_file_of_prompts_that_is_not_there() =>
        await RefusedAsync(Usage, ["--model", tiny.Policy, "--prompts", "none.jsonl"], "--prompts is 'none.jsonl'; there is no such file");

    [Theory]
    [InlineData("2/2")]
    [InlineData("1")]
    public async Task A_shard_that_is_none(string shard) =>
        await RefusedAsync(Usage, ["--shard", shard], $"--shard is '{shard}'", "index/count");

    [Fact]
    public async Task Shards_that_cannot_be()
    {
        await RefusedAsync(Usage, ["--shard", "0/2", "--merge"], "--merge cannot be combined with --shard");
        await RefusedAsync(
            Failure,
            ["--model", tiny.Policy, "--prompts", tiny.Prompts, "--shard", "job"],
            "SLURM_ARRAY_TASK_ID",
            "JOB_COMPLETION_INDEX"
        );
        await RefusedAsync(
            Failure,
            ["--model", tiny.Policy, "--prompts", tiny.Prompts, "--shard", "0/8", "--samples", "64"],
            "4 ranges, too few for 8 shards"
        );
        await RefusedAsync(
            Failure,
            ["--model", tiny.Policy, "--prompts", tiny.Prompts, "--output", tiny.New(), "--merge"],
            "No shard of",
            "0-of-2"
        );
    }

    [Fact]
    public async Task An_empty_file() => await PromptsRefusedAsync(".txt", "", "has no prompts");

    [Fact]
    public async Task A_wrong_column() =>
        await PromptsRefusedAsync(
            ".jsonl",
            "{\"text\": \"The film\"}",
            "line 1",
            "\"prompt\" or \"messages\"",
            "\"text\"",
            "--prompt-column"
        );

    [Fact]
    public async Task What_is_not_UTF8() => await PromptsRefusedAsync(".txt", "The film\nCaf\u00e9\n", "line 2, column 4", "0xE9", "UTF-8");

    [Fact]
    public async Task A_prompt_that_is_too_long() =>
        await PromptsRefusedAsync(
            ".txt",
            $"The film\n{string.Concat(Enumerable.Repeat("The film was ", 30))}\n",
            "line 2",
            "--max-new-tokens",
            "--long-prompts"
        );

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("vocab.json")]
    public async Task A_directory_without_what_belongs_to_it(string file)
    {
        string model = tiny.New();
        Directory.CreateDirectory(model);
        foreach (string other in Directory.EnumerateFiles(tiny.Policy).Where(path => Path.GetFileName(path) != file))
            File.Copy(other, Path.Combine(model, Path.GetFileName(other)));
        await RefusedAsync(Failure, ["--model", model, "--prompts", tiny.Prompts], file == "vocab.json" ? "tokenizer" : file);
    }

    [Fact]
    public async Task A_directory_that_is_none() =>
        await RefusedAsync(Usage, ["--model", tiny.New(), "--prompts", tiny.Prompts], "--model", "there is no such directory");

    [Fact]
    public async Task An_output_that_is_a_file_and_one_that_cannot_be_written()
    {
        await RefusedAsync(Usage, ["--output", tiny.Prompts], "--output", "folder");
        await RefusedAsync(Usage, ["--references", tiny.Folder], "--references", "file");
        await RefusedAsync(Usage, ["--output", "/proc/aligned"], "--output is '/proc/aligned'", "nothing can be written there");
    }

    [Fact]
    public async Task A_label_that_the_judge_does_not_have() =>
        await RefusedAsync(
            Failure,
            ["--model", tiny.Policy, "--prompts", tiny.Prompts, "--reward", tiny.Reward, "--label", "GOOD"],
            "GOOD",
            "POSITIVE"
        );

    [Theory]
    [InlineData("--promts", "--promts", "a.txt")]
    [InlineData("--n is '0'; it must be a number, at least 1", "--n", "0")]
    [InlineData("--learning-rate is '1e999'", "--learning-rate", "1e999")]
    [InlineData("--steps is 'many'; it must be a whole number", "--steps", "many")]
    [InlineData("--completions is '1'", "--completions", "1")]
    [InlineData("--held-out is '0'", "--held-out", "0")]
    [InlineData("--prompts-per-step is '-1'", "--prompts-per-step", "-1")]
    [InlineData("--device is 'gpu'", "--device", "gpu")]
    [InlineData("--reference-device is 'gpu'", "--reference-device", "gpu")]
    [InlineData("--prompt-column needs --prompts", "--prompt-column", "text")]
    [InlineData("--second-label needs --second-reward", "--second-label", "A")]
    [InlineData("--top-tokens needs --guided", "--top-tokens", "64")]
    [InlineData("--top-tokens is '0'", "--guided", "--top-tokens", "0")]
    [InlineData("--watch needs --second-reward", "--watch", "5")]
    [InlineData("--watch is '0'", "--second-reward", "function", "--watch", "0")]
    [InlineData("--threads needs --model", "--threads", "2")]
    [InlineData("--steps cannot be combined with --make-tiny", "--make-tiny", "tiny", "--steps", "3")]
    public async Task An_option_that_is_unknown_out_of_range_or_out_of_place(string expected, params string[] arguments) =>
        await RefusedAsync(Usage, arguments, expected, "--help");

    [Fact]
    public async Task A_label_of_the_function_and_a_model_without_prompts()
    {
        await RefusedAsync(
            Usage,
            ["--model", tiny.Policy, "--prompts", tiny.Prompts, "--label", "A"],
            "--label needs a directory as --reward"
        );
        await RefusedAsync(Usage, ["--model", tiny.Policy], "--model needs --prompts", ".parquet");
    }

    private async Task PromptsRefusedAsync(string ending, string content, params string[] expected)
    {
        string path = tiny.New(ending);
        File.WriteAllText(path, content, Encoding.Latin1);
        await RefusedAsync(Failure, ["--model", tiny.Policy, "--prompts", path], [path, .. expected]);
    }

    private async Task RefusedAsync(int code, string[] arguments, params string[] expected)
    {
        string[] output = arguments.Contains("--output") || arguments.Contains("--make-tiny") ? [] : ["--output", tiny.New()];
        var (actual, said, error) = await Sample.RunAsync([.. arguments, .. output]);
        Assert.True(actual == code, $"{actual}: {error}");
        foreach (string part in expected)
            Assert.Contains(part, error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
        Assert.DoesNotContain("tokens a second", said, StringComparison.Ordinal);
    }
}
