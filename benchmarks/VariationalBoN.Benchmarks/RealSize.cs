using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using VariationalBoN.Transformers;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// A whole alignment at real size, as a user goes through it: a random Llama of 0.5 billion weights with a chat template, conversations as
/// JSON Lines, <c>AlignHuggingFace</c> with adapters on bfloat16 weights, a GGUF file, <c>Serve</c> and a question to it.
/// <c>real-size [small] [built] [prompts=32] [held-out=4] [samples=6] [steps=4] [tokens=200] [threads=2]</c>. It needs a new folder,
/// output/real-size or output/real-size-small, and 6 GB of disk. <c>built</c> does not build the samples again.
/// </summary>
internal static class RealSize
{
    private const int N = 2,
        PromptsPerStep = 7,
        Completions = 2,
        HeldOutCompletions = 4,
        RowsPerPass = 8,
        CheckedTokens = 64;
    private static readonly List<(string Part, Stint Time, double Peak)> s_parts = [];

    internal static async Task RunAsync(string[] arguments)
    {
        bool small = arguments.Contains("small");
        string folder = Path.GetFullPath(Path.Combine("output", small ? "real-size-small" : "real-size"));
        if (Directory.Exists(folder))
            throw new InvalidOperationException($"{folder} is there; remove it, so that nothing goes on from an earlier run.");
        int tokens = arguments.Number("tokens", 200),
            threads = arguments.Number("threads", 2);
        bool built = arguments.Contains("built");
        string align = await ChildProgram.BuildAsync("samples/AlignHuggingFace", built),
            serve = await ChildProgram.BuildAsync("samples/Serve", built);
        string model = Path.Combine(folder, "model"),
            conversations = Path.Combine(folder, "conversations.jsonl"),
            output = Path.Combine(folder, "aligned");

        Directory.CreateDirectory(folder);
        LlamaCpp.Quiet();
        set_num_threads(threads);
        var shape = RandomChatModel.Shape(small);
        Note("making the random model", Stint.Of(() => RandomChatModel.Write(model, shape)), PeakMemory.Gibibytes());
        RandomChatModel.WriteConversations(conversations, arguments.Number("prompts", 32));

        using (
            var aligning = ChildProgram.Start(
                align,
                "--model",
                model,
                "--prompts",
                conversations,
                "--lora",
                "--element-type",
                "bfloat16",
                "--max-new-tokens",
                Text(tokens),
                "--n",
                Text(N),
                "--samples",
                Text(arguments.Number("samples", 6)),
                "--steps",
                Text(arguments.Number("steps", 4)),
                "--prompts-per-step",
                Text(PromptsPerStep),
                "--completions",
                Text(Completions),
                "--rows-per-pass",
                Text(RowsPerPass),
                "--held-out",
                Text(arguments.Number("held-out", 4)),
                "--held-out-completions",
                Text(HeldOutCompletions),
                "--threads",
                Text(threads),
                "--gguf",
                "q8",
                "--output",
                output
            )
        )
            await aligning.FinishAsync();
        string[] rates = ReadParts(Path.Combine(output, "parts.jsonl"));
        string served = await ServeAsync(serve, model, Path.Combine(output, "model-adapter"), tokens, threads);
        string distance = "";
        Note(
            "GGUF file read by llama.cpp",
            Stint.Of(() => distance = Compare(Path.Combine(output, "model"), Path.Combine(output, "model.gguf"), threads)),
            PeakMemory.Gibibytes()
        );

        Console.WriteLine(
            $"\n{ProcessorName.Value}; {threads} threads\n\n| part | seconds | of processors | peak memory so far, GiB |\n| --- | --- | "
                + $"--- | --- |"
        );
        foreach ((string part, Stint time, double peak) in s_parts)
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"| {part} | {time.Clock:F1} | {time.Processor:F1} | {peak:F2} |")
            );
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"| in all | {s_parts.Sum(part => part.Time.Clock):F1} | {s_parts.Sum(part => part.Time.Processor):F1} | "
                    + $"{s_parts.Max(part => part.Peak):F2} |\n"
            )
        );
        foreach (string line in (string[])[.. rates, served, distance])
            Console.WriteLine($"- {line}");
    }

    /// <summary>Starts the server on the model with its adapters, and asks once.</summary>
    private static async Task<string> ServeAsync(string program, string model, string adapters, int tokens, int threads)
    {
        using var server = ChildProgram.Start(
            program,
            "--model",
            model,
            "--adapters",
            adapters,
            "--element-type",
            "bfloat16",
            "--max-new-tokens",
            Text(tokens),
            "--threads",
            Text(threads),
            "--port",
            "0"
        );
        string line = await server.WaitForAsync("Listening on ");
        (Stint begun, double peak) = server.Taken;
        Note("server: start", begun, peak);
        using var http = new HttpClient { BaseAddress = new Uri(line.Split(' ')[2]), Timeout = TimeSpan.FromMinutes(10) };
        using HttpResponseMessage response = await http.PostAsJsonAsync(
            "v1/chat/completions",
            new
            {
                model = "policy",
                seed = 1,
                messages = new[] { new { role = "user", content = "Describe the city and its river." } },
            }
        );
        JsonElement answer = await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        (Stint ended, peak) = server.Taken;
        var taken = new Stint(ended.Processor - begun.Processor, ended.Clock - begun.Clock);
        Note("server: one answer", taken, peak);
        int drawn = answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32();
        string text = answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"one answer alone: {drawn / taken.Clock:F1} tokens a second ({drawn} tokens), "
                + $"\"{text.AsSpan(0, Math.Min(40, text.Length))}...\""
        );
    }

    /// <summary>How far the logits of llama.cpp are from those of the directory that was saved.</summary>
    private static string Compare(string directory, string file, int threads)
    {
        using var model = PretrainedCausalLm.Load(directory);
        int[] tokens = [.. model.PromptTokenizer.Encode("The city and its river are").Take(CheckedTokens)];
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        float[] ours = model
            .Model.forward(tensor(Array.ConvertAll(tokens, token => (long)token), [1, tokens.Length]))
            .data<float>()
            .ToArray();
        using var peer = new LlamaCpp(file, threads, 1, tokens.Length, shared: false, exact: true);
        double difference = ours.Zip(peer.Logits(tokens).SelectMany(row => row), (a, b) => Math.Abs((double)a - b)).Max();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"llama.cpp's logits of the Q8_0 file differ from those of the saved model by at most "
                + $"{difference / ours.Max(MathF.Abs):0.000} of the largest"
        );
    }

    /// <summary>The parts that AlignHuggingFace noted, and its rates in sentences.</summary>
    private static string[] ReadParts(string path)
    {
        var rates = new List<string>();
        foreach (string line in File.ReadLines(path))
        {
            using var json = JsonDocument.Parse(line);
            JsonElement part = json.RootElement;
            Note(
                $"alignment: {part.GetProperty("part").GetString()}",
                new Stint(part.GetProperty("processor_seconds").GetDouble(), part.GetProperty("seconds").GetDouble()),
                part.GetProperty("peak_gibibytes").GetDouble()
            );
            if (part.TryGetProperty("drawn_tokens_per_second", out JsonElement drawn))
                rates.Add(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"drawing {drawn.GetDouble():F0} tokens a second, scoring "
                            + $"{part.GetProperty("scored_tokens_per_second").GetDouble():F0}, a training step "
                            + $"{part.GetProperty("seconds_per_step").GetDouble():F1} s (as measured before the run)"
                    )
                );
        }

        return [.. rates];
    }

    private static void Note(string part, Stint time, double peak) => s_parts.Add((part, time, peak));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
