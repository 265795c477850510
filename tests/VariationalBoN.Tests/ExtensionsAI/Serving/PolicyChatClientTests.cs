using System.Reflection;
using Microsoft.Extensions.AI;
using VariationalBoN.Extensions.AI.Serving;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Tests.Transformers.Chat;
using VariationalBoN.Transformers;

namespace VariationalBoN.Tests.ExtensionsAI.Serving;

/// <summary>A policy as a chat client of Microsoft.Extensions.AI.</summary>
[Trait("Tier", "torch")]
public sealed class PolicyChatClientTests : IDisposable
{
    private static readonly string[] s_supported =
    [
        nameof(ChatOptions.Instructions),
        nameof(ChatOptions.Seed),
        nameof(ChatOptions.MaxOutputTokens),
        nameof(ChatOptions.Temperature),
        nameof(ChatOptions.TopK),
        nameof(ChatOptions.TopP),
        nameof(ChatOptions.StopSequences),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("chat-client").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_answer_says_what_it_is_and_its_pieces_are_the_same_answer()
    {
        CausalLmPolicy policy = Policy();
        using var client = new PolicyChatClient(policy, new PolicyChatClientOptions { ModelId = "tiny" });
        var options = new ChatOptions { Seed = 3, ModelId = "tiny" };
        Completion alone = policy.Sample(["1 2 3"], 1, new DrawSeed(3, DrawPurpose.Serving))[0];

        ChatResponse answer = await client.GetResponseAsync("1 2 3", options);
        ChatResponseUpdate[] updates = await client.GetStreamingResponseAsync("1 2 3", options).ToArrayAsync();
        ChatResponse streamed = updates.ToChatResponse();

        Assert.Equal(alone.Text, answer.Text);
        Assert.Equal(alone.Text, string.Concat(updates.Select(update => update.Text)));
        Assert.All(
            [answer, streamed],
            response =>
            {
                Assert.Equal((alone.Text, "tiny", ChatRole.Assistant), (response.Text, response.ModelId, response.Messages.Single().Role));
                Assert.Equal(
                    alone.FinishReason == FinishReason.Stopped ? ChatFinishReason.Stop : ChatFinishReason.Length,
                    response.FinishReason
                );
                Assert.Equal(
                    (3, alone.Tokens.Length, 3 + alone.Tokens.Length),
                    (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount)
                );
                Assert.False(string.IsNullOrEmpty(response.ResponseId));
                Assert.NotNull(response.CreatedAt);
            }
        );
        Assert.Equal((3L, 0), (answer.AdditionalProperties!["seed"], answer.AdditionalProperties["sample"]));
        Assert.Single(updates.Select(update => update.ResponseId).Distinct());
        Assert.NotEqual(answer.ResponseId, streamed.ResponseId);
        Assert.Equal(alone.Tokens.AsEnumerable(), Assert.IsType<Completion>(answer.RawRepresentation).Tokens);
        Assert.Equal((3L, 0), (updates[^1].AdditionalProperties!["seed"], updates[^1].AdditionalProperties!["sample"]));
    }

    [Fact]
    public async Task The_seed_that_an_answer_tells_gives_it_again()
    {
        using var client = new PolicyChatClient(Policy());
        ChatResponse answer = await client.GetResponseAsync("1 2 3"),
            other = await client.GetResponseAsync("1 2 3");
        long seed = (long)answer.AdditionalProperties!["seed"]!;

        Assert.NotEqual(seed, (long)other.AdditionalProperties!["seed"]!);
        Assert.Equal(answer.Text, (await client.GetResponseAsync("1 2 3", new ChatOptions { Seed = seed })).Text);
        string[] samples = await Task.WhenAll(
            Enumerable
                .Range(0, 12)
                .Select(async k =>
                    (
                        await client.GetResponseAsync(
                            "1 2 3",
                            new ChatOptions
                            {
                                Seed = seed,
                                AdditionalProperties = new() { ["sample"] = k },
                            }
                        )
                    ).Text
                )
        );
        Assert.Equal(answer.Text, samples[0]);
        Assert.True(samples.Distinct().Count() > 4);
    }

    [Theory]
    [InlineData("llama3", ChatModels.Llama3)]
    [InlineData("qwen2", ChatModels.ChatMl)]
    public async Task A_conversation_is_what_the_template_makes_of_the_messages(string name, string template)
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Directory(_folder, name, template));
        var policy = new CausalLmPolicy(
            model.Model.Freeze(),
            model.PromptTokenizer,
            new GenerationOptions { MaxNewTokens = 12, StopTokens = model.StopTokens }
        );
        using var client = new PolicyChatClient(policy);
        ChatMessage[] messages =
        [
            new(ChatRole.User, "Is it good?"),
            new(ChatRole.Assistant, "Yes."),
            new(ChatRole.User, [new TextContent("Why"), new TextContent("?")]),
        ];
        Prompt prompt = ChatModels.Conversation(("system", "Be brief."), ("user", "Is it good?"), ("assistant", "Yes."), ("user", "Why?"));

        Assert.False(client.TryRead(messages[..2], null, out _, out string? reason));
        Assert.Contains("ends with the assistant", reason, StringComparison.Ordinal);
        for (int seed = 0; seed < 8; seed++)
        {
            var options = new ChatOptions { Seed = seed, Instructions = "Be brief." };
            ChatResponse answer = await client.GetResponseAsync(messages, options);
            string pieces = string.Concat(
                await client.GetStreamingResponseAsync(messages, options).Select(update => update.Text).ToArrayAsync()
            );

            Completion alone = policy.Sample([prompt], 1, new DrawSeed(seed, DrawPurpose.Serving))[0];
            Assert.Equal((alone.Text, alone.Text), (answer.Text, pieces));
            Assert.Equal(alone.PromptTokens.AsEnumerable(), ((Completion)answer.RawRepresentation!).PromptTokens);
            Assert.Equal(prompt, ((Completion)answer.RawRepresentation!).Prompt);
        }
    }

    /// <summary>Each property of the options either changes the answer or is refused by name:
    /// one that a later version adds fails here.</summary>
    [Fact]
    public void Options_that_are_not_supported_are_refused_by_name()
    {
        using var client = new PolicyChatClient(Policy());
        Assert.True(
            client.TryRead(
                [new ChatMessage(ChatRole.User, "1")],
                new ChatOptions
                {
                    ToolMode = ChatToolMode.Auto,
                    Tools = [],
                    ResponseFormat = ChatResponseFormat.Text,
                    FrequencyPenalty = 0,
                    AllowMultipleToolCalls = false,
                    ModelId = "policy",
                },
                out _,
                out string? reason
            ),
            reason
        );
        foreach (PropertyInfo property in typeof(ChatOptions).GetProperties().Where(property => !s_supported.Contains(property.Name)))
        {
            var options = new ChatOptions();
            property.SetValue(options, Given(property.PropertyType));

            Assert.False(
                client.TryRead([new ChatMessage(ChatRole.User, "1")], options, out CompletionRequest? request, out reason),
                property.Name
            );
            Assert.Null(request);
            Assert.Contains(property.Name, reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Options_out_of_range_and_messages_that_cannot_be_read_are_refused_before_anything_is_drawn()
    {
        await using var service = new CompletionService(Policy());
        using var client = new PolicyChatClient(service);
        await Refused("MaxNewTokens is 13", [new(ChatRole.User, "1")], new ChatOptions { MaxOutputTokens = 13 });
        await Refused("Temperature is 1E-40", [new(ChatRole.User, "1")], new ChatOptions { Temperature = 1e-40f });
        await Refused("it may hold 16 of 256", [new(ChatRole.User, "1")], new ChatOptions { StopSequences = [new string('x', 257)] });
        await Refused("MaxNewTokens is 13", [], new ChatOptions { MaxOutputTokens = 13, ConversationId = "c" }); // with all the others
        await Refused("Temperature is -1", [new(ChatRole.User, "1")], new ChatOptions { Temperature = -1 });
        await Refused("asks for \"gpt\", and this is \"policy\"", [new(ChatRole.User, "1")], new ChatOptions { ModelId = "gpt", TopK = 0 });
        await Refused(
            "\"sample\"] is \"-1\"",
            [new(ChatRole.User, "1")],
            new ChatOptions { AdditionalProperties = new() { ["sample"] = -1 } }
        );
        await Refused("StopSequences", [new(ChatRole.User, "1")], new ChatOptions { StopSequences = [""] });
        await Refused("at most 20", [new(ChatRole.User, string.Join(' ', Enumerable.Repeat(1, 21)))], null);
        await Refused("There is no message", [], null);
        await Refused(
            "messages of user, assistant, user",
            [new(ChatRole.User, "1"), new(ChatRole.Assistant, "2"), new(ChatRole.User, "3")],
            null
        );
        await Refused("messages of system, user", [new(ChatRole.User, "1")], new ChatOptions { Instructions = "Be brief." });
        await Refused(
            "Message 0 (role \"user\") holds DataContent",
            [new(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])],
            null
        );
        await Refused("half of a surrogate pair", [new(ChatRole.User, "\ud83d")], null);
        Assert.Equal(default, service.Statistics);

        async Task Refused(string named, ChatMessage[] messages, ChatOptions? options)
        {
            string message = (
                await Assert.ThrowsAsync<CompletionRequestException>(() => client.GetResponseAsync(messages, options))
            ).Message;
            Assert.Contains(named, message, StringComparison.Ordinal);
            Assert.Equal(
                message,
                (
                    await Assert.ThrowsAsync<CompletionRequestException>(async () =>
                        await client.GetStreamingResponseAsync(messages, options).ToArrayAsync()
                    )
                ).Message
            );
            Assert.False(client.TryRead(messages, options, out _, out string? reason));
            Assert.Equal(message, reason);
        }
    }

    [Fact]
    public async Task It_works_in_the_pipeline_of_the_library_with_what_lies_beneath_it_to_be_found()
    {
        CausalLmPolicy policy = Policy();
        await using var service = new CompletionService(policy);
        int asked = 0;
        using IChatClient pipeline = new ChatClientBuilder(new PolicyChatClient(service))
            .ConfigureOptions(options => options.Seed ??= 5)
            .UseFunctionInvocation()
            .Use(
                async (messages, options, next, cancellationToken) =>
                {
                    asked++;
                    await next(messages, options, cancellationToken);
                }
            )
            .Build();

        ChatResponse answer = await pipeline.GetResponseAsync("1 2");
        ChatResponse streamed = await pipeline.GetStreamingResponseAsync("1 2").ToChatResponseAsync();

        string alone = policy.Sample(["1 2"], 1, new DrawSeed(5, DrawPurpose.Serving))[0].Text;
        Assert.Equal((alone, alone, 2), (answer.Text, streamed.Text, asked));
        Assert.Same(service, pipeline.GetService<CompletionService>());
        Assert.Same(policy, pipeline.GetService<IPolicy>());
        Assert.Equal("policy", pipeline.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.NotNull(pipeline.GetService<PolicyChatClient>());
        Assert.Null(pipeline.GetService(typeof(PolicyChatClient), "key"));
    }

    [Fact]
    public async Task A_client_disposes_of_the_service_that_it_made_and_of_no_other()
    {
        await using var service = new CompletionService(Policy());
        new PolicyChatClient(service).Dispose();
        await service.CompleteAsync(new CompletionRequest("1"));
        var own = new PolicyChatClient(Policy());
        own.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => own.GetResponseAsync("1"));
        await using var other = new PolicyChatClient(Policy());
        await other.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => other.GetResponseAsync("1"));
        Assert.Throws<ArgumentException>(() => new PolicyChatClient(Policy(), new PolicyChatClientOptions { ModelId = " " }));
        Assert.Contains(
            "ModelId is blank",
            Assert.Throws<ArgumentException>(() => new PolicyChatClient(service, new PolicyChatClientOptions { ModelId = " " })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Messages_can_become_prompts_in_a_way_of_ones_own()
    {
        var options = new PolicyChatClientOptions { ReadMessages = messages => string.Join(' ', messages.Select(message => message.Text)) };
        using var client = new PolicyChatClient(Policy(), options);

        ChatResponse answer = await client.GetResponseAsync([
            new(ChatRole.User, "1"),
            new(ChatRole.Assistant, "2"),
            new(ChatRole.User, "3"),
        ]);

        Assert.Equal("1 2 3", ((Completion)answer.RawRepresentation!).Prompt.Text);
    }

    private static CausalLmPolicy Policy() =>
        new(
            TinyModels.Gpt2(),
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions
            {
                MaxNewTokens = 12,
                StopTokens = [5],
                RowsPerBatch = 8,
            }
        );

    /// <summary>A value that asks for something.</summary>
    private static object Given(Type type) =>
        Nullable.GetUnderlyingType(type) is Type inner ? Given(inner)
        : type == typeof(string) ? "other"
        : type == typeof(float) ? 0.5f
        : type == typeof(bool) ? true
        : type == typeof(ChatToolMode) ? ChatToolMode.RequireAny
        : type == typeof(ChatResponseFormat) ? ChatResponseFormat.Json
        : type == typeof(IList<AITool>) ? new List<AITool> { AIFunctionFactory.Create(() => 1, "tool") }
        : type == typeof(AdditionalPropertiesDictionary) ? new AdditionalPropertiesDictionary { ["logit_bias"] = 1 }
        : type == typeof(Func<IChatClient, object?>) ? (Func<IChatClient, object?>)(_ => null)
        : type.Name == "ResponseContinuationToken" ? type.GetMethod("FromBytes")!.Invoke(null, [new ReadOnlyMemory<byte>([1])])!
        : Activator.CreateInstance(type)!;
}
