using AlignHuggingFace.Prompts;
using VariationalBoN;
using VariationalBoN.Transformers;

namespace AlignHuggingFace.Tests.Runs;

/// <summary>The program from end to end on tiny models.</summary>
[Trait("Tier", "torch")]
[Collection("Console")]
public sealed class RunTests(TinyDirectory tiny) : IClassFixture<TinyDirectory>
{
    private const int Steps = 3;

    [Fact]
    public async Task A_run_says_what_it_will_take_and_what_speaks_against_the_rewards_before_it_trains()
    {
        string output = await AlignAsync(tiny.New());
        int estimate = output.IndexOf("memory", StringComparison.Ordinal),
            drawn = output.IndexOf("reference rewards: ", StringComparison.Ordinal);
        int warning = output.IndexOf("! ", StringComparison.Ordinal),
            step = output.IndexOf($"step 1 of {Steps}", StringComparison.Ordinal);
        Assert.True(0 < estimate && estimate < drawn && drawn < warning && warning < step, output);
        Assert.Contains("ligned: ", output[step..], StringComparison.Ordinal); // or Not aligned
        Assert.Contains("It took", output[step..], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reference_samples_are_drawn_only_for_prompts_that_are_used()
    {
        string folder = tiny.New(),
            prompts = tiny.New(".jsonl");
        File.WriteAllLines(prompts, Enumerable.Range(0, 50).Select(i => $$"""{"prompt": "The film {{i}}"}"""));
        string output = await AlignAsync(folder, "--prompts", prompts, "--steps", "2", "--prompts-per-step", "3", "--held-out", "2");
        Assert.Contains("48 prompts to train on, of which 2 steps take 6; 2 held out", output, StringComparison.Ordinal);
        Assert.Contains("32 for each of 8 prompts", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shards_are_joined_to_the_rewards_of_one_process_and_one_that_is_not_there_or_not_ended_is_named()
    {
        string one = tiny.New(),
            many = tiny.New();
        string[] common = ["--samples", "32", "--samples-per-block", "16"];
        await AlignAsync(one, [.. common, "--references-only"]);
        Assert.Contains("samples 16 to 31", await AlignAsync(many, [.. common, "--shard", "1/2"]), StringComparison.Ordinal);
        (int code, _, string error) = await RunAsync(many, [.. common, "--merge"]);
        Assert.Equal(1, code);
        Assert.Contains("Shard 0/2 has no store", error, StringComparison.Ordinal);
        await AlignAsync(many, [.. common, "--shard", "0/2"]);
        string lacking = tiny.New();
        await AlignAsync(lacking, [.. common, "--shard", "0/1", "--held-out", "3"]); // of other prompts
        Assert.Contains("samples are in no shard", (await RunAsync(lacking, [.. common, "--merge"])).Error, StringComparison.Ordinal);

        Assert.Contains("joined the shards", await AlignAsync(many, [.. common, "--merge", "--references-only"]), StringComparison.Ordinal);

        using ReferenceTable expected = ReferenceTable.Load(Path.Combine(one, "references.db")),
            joined = ReferenceTable.Load(Path.Combine(many, "references.db"));
        Assert.All(expected.Prompts, prompt => Assert.Equal(prompt.Samples.Select(Bits), joined[prompt.Prompt].Samples.Select(Bits)));

        static string Bits(ScoredCompletion item) =>
            FormattableString.Invariant($"{item.Completion.Text}|{item.Reward:R}|{item.LogReference:R}");
    }

    [Fact]
    public async Task Another_setting_than_before_is_refused_by_the_name_of_its_option_before_anything_is_drawn()
    {
        string folder = tiny.New();
        await AlignAsync(folder);
        Assert.Contains($"goes on after step {Steps} of {Steps}", await AlignAsync(folder, "--estimate"), StringComparison.Ordinal);
        await RefusedAsync("--learning-rate was 0.003, here it is 0.5", "--learning-rate", "0.5");
        await RefusedAsync("--n was 2, here it is 3", "--n", "3");
        await RefusedAsync("--completions was 2, here it is 4", "--completions", "4");
        await RefusedAsync("--targets was \"double\", here it is \"torch\"", "--targets", "torch");
        await RefusedAsync("--lora was false, here it is true", "--lora");
        await RefusedAsync("--held-out) was \"16 prompts", "--held-out", "5");
        await RefusedAsync("--max-new-tokens) was", "--max-new-tokens", "5");

        Directory.Delete(Path.Combine(folder, "checkpoints"), recursive: true);
        await RefusedAsync("seed", "--seed", "5"); // by the store

        async Task RefusedAsync(string expected, params string[] more)
        {
            (int code, string output, string error) = await RunAsync(folder, more);
            Assert.Equal(1, code);
            Assert.Contains(expected, error, StringComparison.Ordinal);
            Assert.DoesNotContain("tokens a second", output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData()]
    [InlineData("--lora")]
    public async Task Measuring_leaves_the_weights_as_they_are(params string[] more)
    {
        var arguments = Arguments(tiny.New(), more);
        using var model = LanguageModel.Load(tiny.Policy, arguments, TorchSharp.torch.CPU, TorchSharp.torch.CPU);
        string before = model.Policy.Identity.ToString();
        using var judge = Judge.Load(tiny.Reward, TinyModels.Label, TorchSharp.torch.CPU);
        var costs = await Probe.MeasureAsync(
            model,
            new VariationalBoN.Scorer(model.Reference, judge.Reward),
            VariationalBoN.Prompt.FromTexts(File.ReadLines(tiny.Prompts)),
            arguments,
            CancellationToken.None
        );
        Assert.Equal(before, model.Policy.Identity.ToString());
        Assert.All(
            new[] { costs.Step, costs.Forward, costs.ReferenceSample, costs.TokensPerSecond, costs.PeakBytes },
            value => Assert.True(value > 0)
        );
    }

    [Fact]
    public async Task Another_folder_with_the_same_store_draws_nothing_again()
    {
        string store = tiny.New(".db");
        await AlignAsync(tiny.New(), "--references", store, "--references-only");
        Assert.Contains(
            "(0 samples)",
            await AlignAsync(tiny.New(), "--references", store, "--learning-rate", "0.001"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Plain_texts_for_a_model_with_a_chat_template_are_said_to_be_read_without_it()
    {
        using var chat = new TinyDirectory();
        Assert.DoesNotContain("chat template", await AlignAsync(tiny.New(), "--references-only"), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(chat.Policy, "chat_template.jinja"), "{% for m in messages %}{{ m.content }} {% endfor %}");
        string output = await AlignAsync(tiny.New(), "--references-only", "--model", chat.Policy);
        Assert.Contains(
            $"{tiny.Prompts}: the model has a chat template, and the prompt at line 1 is a plain text",
            output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task An_estimate_draws_no_reference_samples()
    {
        string folder = tiny.New();
        await AlignAsync(folder, "--estimate");
        Assert.False(File.Exists(Path.Combine(folder, "references.db")));
        Assert.False(Directory.Exists(Path.Combine(folder, "model")));
    }

    [Fact]
    public async Task What_is_saved_is_a_model_and_a_second_judge_has_its_say()
    {
        string folder = tiny.New();
        string output = await AlignAsync(folder, "--second-reward", "function", "--watch", "1");
        Assert.Contains("The second judge", output, StringComparison.Ordinal);
        for (int step = 0; step <= Steps; step++) // the last look is at what is saved
            Assert.Contains($"step {step}: first judge", output, StringComparison.Ordinal);
        Assert.Contains($"The second judge was asked at {Steps + 1} steps", output, StringComparison.Ordinal);
        Assert.All(
            await File.ReadAllLinesAsync(Path.Combine(folder, "metrics.jsonl")),
            line => Assert.Contains("\"watch_alarm\":", line, StringComparison.Ordinal)
        );
        Assert.Contains("win rate at equal length", output, StringComparison.Ordinal);
        using var saved = PretrainedCausalLm.Load(Path.Combine(folder, "model"));
        Assert.True(saved.HasTokenizer);
    }

    [Theory]
    [InlineData("--mixed-precision")]
    [InlineData("--mixed-precision", "--recompute-activations", "--lora")]
    public async Task A_run_of_mixed_precision_saves_the_float32_weights_that_it_trained(params string[] more)
    {
        string folder = tiny.New();
        await AlignAsync(folder, more);
        using var saved = PretrainedCausalLm.Load(Path.Combine(folder, "model"));
        Assert.False(saved.Model.MixedPrecision);
        Assert.All(saved.Model.parameters(), parameter => Assert.Equal(TorchSharp.torch.ScalarType.Float32, parameter.dtype));
        (int code, _, string error) = await RunAsync(folder, "--learning-rate", "0.003"); // the same, but for the precision
        Assert.Equal(1, code);
        Assert.Contains("products", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData()]
    [InlineData("--lora", "--top-tokens", "3")]
    public async Task A_value_head_is_learned_from_the_store_saved_beside_the_model_and_found_again(params string[] more)
    {
        string folder = tiny.New(),
            head = Path.Combine(folder, GuidedDecoding.FileName);
        string output = await AlignAsync(folder, [.. more, "--guided", "--quick"]);
        Assert.Contains("guided", output, StringComparison.Ordinal);
        Assert.Contains("Guided to Best-of-2 without fine-tuning: win rate", output, StringComparison.Ordinal);
        Assert.Matches(
            $@"The {(more.Contains("--top-tokens") ? "3" : @"\d+")} most probable tokens, .* hold (0\.\d{{3}}|1\.000) of the reference's",
            output
        );
        Assert.True(
            output.IndexOf("Written to ", StringComparison.Ordinal) < output.IndexOf("value head: ", StringComparison.Ordinal),
            output
        ); // the model is safe first
        byte[] saved = File.ReadAllBytes(head);

        string again = await AlignAsync(folder, [.. more, "--guided", "--quick"]);
        Assert.Contains($"{head}, of an earlier run", again, StringComparison.Ordinal);
        Assert.Equal(Guided(output), Guided(again)); // the head that was read draws and scores as the one that was learned
        Assert.Equal(saved, File.ReadAllBytes(head));
        Assert.True(File.Exists(Path.Combine(folder, "model", "model.safetensors")));

        static string Guided(string output) => output.Split('\n').Single(line => line.StartsWith("Guided to", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_head_of_quick_is_not_taken_for_a_whole_one()
    {
        string folder = tiny.New(),
            head = Path.Combine(folder, GuidedDecoding.FileName);
        await AlignAsync(folder, "--guided", "--quick");
        byte[] quick = File.ReadAllBytes(head);
        Assert.Contains(
            $"{head} is of other samples or settings and is learned anew",
            await AlignAsync(folder, "--guided"),
            StringComparison.Ordinal
        );
        Assert.NotEqual(quick, File.ReadAllBytes(head));
        Assert.Contains($"{head}, of an earlier run", await AlignAsync(folder, "--guided"), StringComparison.Ordinal);
    }

    [Fact]
    public void Too_few_scored_samples_of_a_prompt_are_refused_by_the_names_of_the_options()
    {
        VariationalBoN.Prompt full = "all were scored",
            poor = "three were scored";
        var table = new VariationalBoN.ReferenceTable([Rewarded(full, 8), Rewarded(poor, 3)]);
        PromptSplit split = new([full, poor], [full, poor], []);
        GuidedDecoding.Check(table, split, TinyArguments.Make(tiny.New()) with { N = 3 });
        GuidedDecoding.Check(table, split with { Used = [full] }, TinyArguments.Make(tiny.New()) with { N = 8 });
        string message = Assert
            .Throws<InvalidDataException>(() => GuidedDecoding.Check(table, split, TinyArguments.Make(tiny.New()) with { N = 4 }))
            .Message;
        Assert.Contains("--n 4", message, StringComparison.Ordinal);
        Assert.Contains("--samples", message, StringComparison.Ordinal);
        Assert.Contains("only 3", message, StringComparison.Ordinal);
        Assert.Contains("\"three were scored\"", message, StringComparison.Ordinal);

        static VariationalBoN.References.ReferencePrompt Rewarded(VariationalBoN.Prompt prompt, int count) =>
            new(prompt, Enumerable.Range(0, count).Select(i => (double)i), Enumerable.Range(0, count).Select(i => $"answer {i}"));
    }

    [Theory]
    [InlineData("--estimate", "stop before it")]
    [InlineData("--n 64", "needs --samples of at least as many")]
    public async Task Guidance_that_cannot_be_is_refused(string options, string says)
    {
        (int code, _, string error) = await RunAsync(tiny.New(), ["--guided", .. options.Split(' ')]);
        Assert.Equal(2, code);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conversations_are_aligned_with_the_templates_of_model_and_judge()
    {
        using var chat = new TinyDirectory();
        string folder = tiny.New(),
            prompts = tiny.New(".jsonl"),
            template = "{% for m in messages %}{{ m.content }} {% endfor %}";
        foreach (string directory in new[] { chat.Policy, chat.Reward })
            File.WriteAllText(Path.Combine(directory, "chat_template.jinja"), template);
        File.WriteAllLines(
            prompts,
            Enumerable.Range(0, 12).Select(i => $$"""{"messages": [{"role": "user", "content": "The film {{i}}"}]}""")
        );
        string[] more = ["--prompts", prompts, "--steps", "2", "--prompts-per-step", "3", "--held-out", "2"];

        await AlignAsync(folder, [.. more, "--model", chat.Policy, "--reward", chat.Reward]);
        (int code, _, string error) = await RunAsync(tiny.New(), more);

        using var saved = PretrainedCausalLm.Load(Path.Combine(folder, "model"));
        Assert.Equal(template, saved.ChatTemplate.Source);
        Assert.Equal(1, code);
        Assert.Contains("chat template", error, StringComparison.Ordinal);
        Assert.Contains(prompts, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Adapters_on_bfloat16_weights_read_conversations_and_what_llama_cpp_cannot_compute_is_named_after_the_rest_is_saved()
    {
        using var chat = new TinyDirectory();
        string folder = tiny.New(),
            prompts = tiny.New(".jsonl");
        File.WriteAllText(Path.Combine(chat.Policy, "chat_template.jinja"), "{% for m in messages %}{{ m.content }} {% endfor %}");
        File.WriteAllLines(
            prompts,
            Enumerable.Range(0, 8).Select(i => $$"""{"messages": [{"role": "user", "content": "The film {{i}}"}]}""")
        );

        (int code, string output, string error) = await Sample.RunAsync([
            "--model",
            chat.Policy,
            "--prompts",
            prompts,
            "--threads",
            "1",
            "--n",
            "2",
            "--samples",
            "4",
            "--steps",
            "1",
            "--prompts-per-step",
            "2",
            "--completions",
            "2",
            "--max-new-tokens",
            "4",
            "--held-out",
            "1",
            "--held-out-completions",
            "2",
            "--lora",
            "--element-type",
            "bfloat16",
            "--gguf",
            "q8",
            "--output",
            folder,
        ]);

        Assert.Equal(1, code);
        Assert.Contains("everything else is", error, StringComparison.Ordinal);
        Assert.Contains("activation", error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("its logits differ by 0.0e+0", output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder, "model.gguf")));
        string[] parts =
        [
            .. File.ReadLines(Path.Combine(folder, RunParts.FileName))
                .Select(line => System.Text.Json.Nodes.JsonNode.Parse(line)!["part"]!.GetValue<string>()),
        ];
        Assert.Equal(
            [
                "loading",
                "estimate",
                "reference rewards",
                "held-out numbers of the reference",
                "training",
                "saving and reading again",
                "held-out numbers of the policy",
                "answers shown",
            ],
            parts
        );
    }

    [Theory]
    [InlineData("--element-type bfloat16", "needs --lora")]
    [InlineData("--element-type float16", "it must be float32 or bfloat16")]
    [InlineData("--gguf q4", "q4")]
    [InlineData("--held-out-completions 1", "at least 2")]
    public async Task Options_of_a_large_run_that_cannot_be_are_refused(string options, string says)
    {
        (int code, _, string error) = await RunAsync(tiny.New(), options.Split(' '));
        Assert.Equal(2, code);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    private static Arguments Arguments(string folder, string[] more) =>
        TinyArguments.Make(folder) with
        {
            Lora = more.Contains("--lora"),
            Steps = Steps,
            WeightDecay = 0.5,
        };

    private async Task<string> AlignAsync(string folder, params string[] more)
    {
        (int code, string output, string error) = await RunAsync(folder, more);
        Assert.True(code == 0, error);
        return output;
    }

    /// <summary>A run of little; options that are given again replace those here.</summary>
    private Task<(int Code, string Output, string Error)> RunAsync(string folder, params string[] more)
    {
        var options = new OrderedDictionary<string, string?>
        {
            ["--model"] = tiny.Policy,
            ["--reward"] = tiny.Reward,
            ["--label"] = TinyModels.Label,
            ["--prompts"] = tiny.Prompts,
            ["--threads"] = "1",
            ["--n"] = "2",
            ["--samples"] = "32",
            ["--steps"] = $"{Steps}",
            ["--max-new-tokens"] = "4",
            ["--learning-rate"] = "0.003",
            ["--completions"] = "2",
            ["--output"] = folder,
        };
        for (int i = 0; i < more.Length; i++)
            options[more[i]] = i + 1 < more.Length && !more[i + 1].StartsWith("--", StringComparison.Ordinal) ? more[++i] : null;
        return Sample.RunAsync([.. options.SelectMany(pair => pair.Value is null ? new[] { pair.Key } : [pair.Key, pair.Value])]);
    }
}
