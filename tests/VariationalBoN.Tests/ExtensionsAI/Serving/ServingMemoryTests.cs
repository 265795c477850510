using VariationalBoN.Extensions.AI.Serving;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Policies;

namespace VariationalBoN.Tests.ExtensionsAI.Serving;

/// <summary>What requests leave behind: nothing. The long form is <c>benchmarks -- serving memory</c>.</summary>
[Trait("Tier", "torch")]
[Collection("Leaks")]
public sealed class ServingMemoryTests
{
    private static readonly Prompt[] s_prompts = ["1 2 3", "0 4", "2 2", "4 3 2 1", "3 3", "1 1 0"];

    /// <summary>200 clients, three requests each, cancelled after a random number of pieces or while they wait. Seed 1.</summary>
    [Fact]
    public async Task Two_hundred_clients_that_cancel_at_random_leave_nothing_running_and_no_tensor()
    {
        using var model = TinyModels.Gpt2(layers: 1);
        var policy = new CausalLmPolicy(
            model,
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions
            {
                MaxNewTokens = 12,
                StopTokens = [5],
                RowsPerBatch = 16,
            }
        );
        policy.Sample(s_prompts, 2, seed: 1);
        long before = LiveTensors.Settled();
        await using (var service = new CompletionService(policy))
        {
            int[] cancelled = await Task.WhenAll(
                Enumerable.Range(0, 200).Select(client => Task.Run(() => TalkAsync(service, new Random(client))))
            );

            await service.CompleteAsync(new CompletionRequest("1")); // one more step, with which the last of them leave
            CompletionServiceStatistics statistics = service.Statistics;
            Assert.Equal((0, 0, 0), (statistics.Waiting, statistics.Running, statistics.Failed));
            Assert.InRange(cancelled.Sum(), 20, 600);
            Assert.Equal(601, statistics.Finished + statistics.Cancelled);
            Assert.InRange(statistics.Cancelled, 10, cancelled.Sum()); // some had been drawn to the end when they were left
            await service.StopAsync();
        }

        Assert.Equal(before, LiveTensors.Now);
    }

    [Fact]
    public async Task A_thousand_requests_gain_no_memory_and_leave_no_tensor()
    {
        using var model = TinyModels.Gpt2(layers: 1);
        var policy = new CausalLmPolicy(
            model,
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions
            {
                MaxNewTokens = 4,
                StopTokens = [5, 4],
                RowsPerBatch = 32,
            }
        );
        policy.Sample(s_prompts, 2, seed: 1);
        long tensors = LiveTensors.Settled();
        await using var service = new CompletionService(policy);
        await AskAsync(500);
        long bytes = GC.GetTotalMemory(forceFullCollection: true);

        await AskAsync(1000);

        long more = GC.GetTotalMemory(forceFullCollection: true) - bytes;
        Assert.InRange(more, long.MinValue, 200_000); // of 1,000 requests: 200 bytes of each would be seen
        await service.StopAsync();
        Assert.Equal(tensors, LiveTensors.Now);

        async Task AskAsync(int requests)
        {
            foreach (int[] chunk in Enumerable.Range(0, requests).Chunk(100))
                await Task.WhenAll(
                    chunk.Select(i => service.CompleteAsync(new CompletionRequest(s_prompts[i % 6]) { Temperature = 1 + (i % 3) }))
                );
        }
    }

    [Fact]
    public void An_idle_decode_holds_no_tensor()
    {
        using var model = TinyModels.Gpt2(layers: 1);
        var policy = new CausalLmPolicy(model, new NumberTokenizer(TinyModels.Vocabulary), new GenerationOptions { MaxNewTokens = 4 });
        policy.Sample(s_prompts, 2, seed: 1);
        using LiveDecoding live = policy.StartLiveDecoding();
        long tensors = LiveTensors.Settled();
        foreach (Prompt prompt in s_prompts)
        {
            Assert.True(policy.TryEncode(prompt, out EncodedPrompt? encoded, out _));
            live.Add(
                new LiveRequest
                {
                    Policy = policy,
                    Prompt = encoded,
                    Seed = 1,
                    OnToken = (_, _) => { },
                    OnFailed = why => throw why,
                }
            );
        }

        live.Step();
        Assert.True(LiveTensors.Now > tensors); // keys and values
        while (live.Step()) { }

        Assert.Equal(tensors, LiveTensors.Now);
    }

    private static async Task<int> TalkAsync(CompletionService service, Random random)
    {
        int cancelled = 0;
        for (int i = 0; i < 3; i++)
        {
            using var cancel = new CancellationTokenSource();
            int pieces = random.Next(12);
            var request = new CompletionRequest(s_prompts[random.Next(6)]) { Temperature = random.Next(2) == 0 ? 0.5 : null };
            try
            {
                if (pieces == 0)
                    cancel.CancelAfter(TimeSpan.FromMilliseconds(random.Next(3)));
                await foreach (string piece in service.StreamAsync(request, cancel.Token))
                {
                    if (--pieces == 0)
                        await cancel.CancelAsync();
                }
            }
            catch (OperationCanceledException e)
            {
                Assert.Equal(cancel.Token, e.CancellationToken);
                cancelled++;
            }
        }

        return cancelled;
    }
}
