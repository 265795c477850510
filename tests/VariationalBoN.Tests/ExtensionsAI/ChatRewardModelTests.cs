using Microsoft.Extensions.AI;
using VariationalBoN.Extensions.AI.Judges;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Rewards;

namespace VariationalBoN.Tests.ExtensionsAI;

[Trait("Tier", "fast")]
public sealed class ChatRewardModelTests
{
    private static readonly ChatRewardModelOptions s_options = new()
    {
        Template = "Rate \"{completion}\" as an answer to \"{prompt}\" from 0 to 10.",
        MinReward = 0,
        MaxReward = 10,
    };
    private static readonly Completion s_one = new() { Prompt = "the {completion} of x", Text = "costs $1, {prompt}" };

    [Fact]
    public async Task Template_takes_both_texts_once_and_settings_are_sent()
    {
        IReadOnlyList<ChatMessage> sent = [];
        ChatOptions settings = new();
        using var client = new FakeChatClient(
            (messages, options, _) =>
            {
                (sent, settings) = (messages, options);
                return Task.FromResult(FakeChatClient.Response(" 7.5\n", ChatFinishReason.Stop));
            }
        );

        Assert.Equal(
            [7.5],
            await new ChatRewardModel(client, s_options with { Instructions = "You judge.", ModelId = "m" }).ScoreAsync(
                [s_one],
                CancellationToken.None
            )
        );

        Assert.Equal(
            ["You judge.", "Rate \"costs $1, {prompt}\" as an answer to \"the {completion} of x\" from 0 to 10."],
            sent.Select(message => message.Text)
        );
        Assert.Equal([ChatRole.System, ChatRole.User], sent.Select(message => message.Role));
        Assert.Equal((0f, 16, "m"), (settings.Temperature, settings.MaxOutputTokens, settings.ModelId));
        Assert.False(client.Disposed);
    }

    [Fact]
    public async Task A_conversation_stands_in_the_template_as_data()
    {
        string sent = "";
        using FakeChatClient client = FakeChatClient.Saying(message =>
        {
            sent = message;
            return "1";
        });
        const string Messages = """[{"role":"user","content":"q"}]""";

        await new ChatRewardModel(client, s_options).ScoreAsync(
            [new Completion { Prompt = Prompt.Conversation(Messages), Text = "a" }],
            CancellationToken.None
        );

        Assert.Equal($"Rate \"a\" as an answer to \"{Messages}\" from 0 to 10.", sent);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ten")]
    [InlineData("7 out of 10")]
    [InlineData("7,5")]
    [InlineData("1 000")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("11")]
    [InlineData("-0.5")]
    public async Task Answer_that_is_no_such_number_is_a_failure_that_quotes_it(string answer)
    {
        using FakeChatClient client = FakeChatClient.Saying(_ => answer);
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            new ChatRewardModel(client, s_options).ScoreAsync([s_one], CancellationToken.None)
        );
        Assert.Equal(RemoteFailure.BadReward, error.Failure);
        Assert.Contains($"\"{answer}\" of chat judge fake", error.Message);
    }

    [Theory]
    [InlineData("length")]
    [InlineData("content_filter")]
    public async Task Answer_that_did_not_end_by_itself_is_a_failure(string reason)
    {
        using FakeChatClient client = FakeChatClient.Saying(_ => "1", new ChatFinishReason(reason)); // the 1 of 10
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            new ChatRewardModel(client, s_options).ScoreAsync([s_one], CancellationToken.None)
        );
        Assert.Contains(reason, error.Message);
        Assert.Contains("MaxOutputTokens (16)", error.Message);
    }

    [Fact]
    public async Task Own_reading_takes_longer_answers_and_its_refusal_is_a_failure()
    {
        var options = s_options with
        {
            ReadAnswer = text => double.Parse(text.Split(':')[^1], System.Globalization.CultureInfo.InvariantCulture),
            Identity = "judge with last number",
        };
        using FakeChatClient good = FakeChatClient.Saying(_ => "It is fine. Score: 3"),
            bad = FakeChatClient.Saying(_ => "Score: none");
        Assert.Equal([3], await new ChatRewardModel(good, options).ScoreAsync([s_one], CancellationToken.None));
        Assert.IsType<FormatException>(
            (
                await Assert.ThrowsAsync<RemoteServiceException>(() =>
                    new ChatRewardModel(bad, options).ScoreAsync([s_one], CancellationToken.None)
                )
            ).InnerException
        );
    }

    [Fact]
    public async Task Only_the_completion_whose_answer_is_none_is_left_out_and_each_is_asked_once()
    {
        int calls = 0;
        using var client = new FakeChatClient(
            async (messages, _, _) =>
            {
                Interlocked.Increment(ref calls);
                await Task.Yield();
                return FakeChatClient.Response(messages[0].Text == "word2" ? "no idea" : messages[0].Text[4..], ChatFinishReason.Stop);
            }
        );
        var judge = new ChatRewardModel(client, new() { Template = "{completion}" });
        Completion[] words = [.. Enumerable.Range(0, 6).Select(word => new Completion { Prompt = "p", Text = $"word{word}" })];
        Assert.Equal(
            [0, 1, null, 3, 4, 5],
            await CheckedScoring.ScoreAsync(judge, words, new() { MaxConcurrency = 3, OnFailure = RewardFailure.Exclude }, default)
        );
        Assert.Equal(6, calls);
    }

    [Fact]
    public async Task Client_that_fails_for_a_while_is_asked_again()
    {
        int calls = 0;
        using var client = new FakeChatClient(
            (_, _, _) =>
                calls++ < 2
                    ? throw new HttpRequestException("busy", null, System.Net.HttpStatusCode.TooManyRequests)
                    : Task.FromResult(FakeChatClient.Response("4", ChatFinishReason.Stop))
        );
        IRewardModel judge = new ChatRewardModel(client, s_options).WithRetry(new() { TimeProvider = new ImpatientTime(), Timeout = null });
        Assert.Equal([4], await judge.ScoreAsync([s_one], CancellationToken.None));
        Assert.Equal(3, calls);
    }

    [Fact]
    public void Identity_changes_with_whatever_changes_a_reward()
    {
        using var client = FakeChatClient.Saying(_ => "1");
        ChatRewardModelOptions[] all =
        [
            s_options,
            s_options with
            {
                ModelId = "other",
            },
            s_options with
            {
                Template = "{completion}?",
            },
            s_options with
            {
                Instructions = "x",
            },
            s_options with
            {
                Temperature = 0.5f,
            },
            s_options with
            {
                MaxReward = 9,
            },
        ];
        ModelIdentity[] identities = [.. all.Select(options => new ChatRewardModel(client, options).Identity)];
        Assert.Equal(all.Length, identities.Distinct().Count());
        Assert.Equal(identities[0], new ChatRewardModel(client, s_options with { }).Identity);
        Assert.Equal("mine", new ChatRewardModel(client, s_options with { Identity = "mine" }).Identity);
    }

    [Fact]
    public void Options_name_all_their_faults_in_one_message()
    {
        using var client = FakeChatClient.Saying(_ => "1");
        var options = new ChatRewardModelOptions
        {
            Template = "rate it",
            Temperature = -1,
            MaxOutputTokens = 0,
            MinReward = 2,
            MaxReward = 1,
            ReadAnswer = double.Parse,
        };
        string message = Assert.Throws<ArgumentException>(() => new ChatRewardModel(client, options)).Message;
        foreach (
            string fault in (string[])
                ["no {completion}", "Temperature is -1", "MaxOutputTokens is 0", "MinReward is 2", "Identity is not set"]
        )
            Assert.Contains(fault, message);
        using var nameless = new FakeChatClient((_, _, _) => throw new InvalidOperationException()) { Model = null };
        Assert.Contains("ModelId", Assert.Throws<ArgumentException>(() => new ChatRewardModel(nameless, s_options)).Message);
    }
}
