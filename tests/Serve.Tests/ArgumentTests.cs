using Microsoft.AspNetCore.Builder;
using SampleHosting;

namespace Serve.Tests;

/// <summary>Options that do not fit each other, before a model is made or loaded.</summary>
[Collection(OneServer.Name)]
public sealed class ArgumentTests(ServerFixture server)
{
    [Theory]
    [InlineData(9, 8, "--n is 9; it must be at most --max-requests, 8")]
    [InlineData(8, 8, null)]
    public void Draws_of_best_of_n_that_cannot_wait_together_are_refused(int n, int waiting, string? words) =>
        Held(
            new Arguments
            {
                N = n,
                MaxRequests = waiting,
                MaxNewTokens = 24,
            },
            words
        );

    [Fact]
    public void N_is_free_where_there_is_no_best_of_n() =>
        Held(
            new Arguments
            {
                Model = "m",
                Reference = "r",
                N = 9,
                MaxRequests = 8,
            },
            null
        );

    [Theory]
    [InlineData(64, "--max-new-tokens is 64; the context of the tiny models is 64 tokens")]
    [InlineData(63, null)]
    public void Answers_that_leave_the_tiny_models_no_room_for_a_prompt_are_refused(int tokens, string? words) =>
        Held(new Arguments { MaxNewTokens = tokens }, words);

    [Theory]
    [InlineData("--label need --model", "--label", "POSITIVE")]
    [InlineData("--label needs --reward", "--label", "POSITIVE", "--model", ".")]
    public async Task An_option_without_the_one_that_it_belongs_to_is_named(string words, params string[] args)
    {
        TextWriter standard = Console.Error;
        using var said = new StringWriter();
        Console.SetError(said);
        try
        {
            Assert.Equal(CommandHost.UsageError, await CommandLine.InvokeAsync(args, (_, _) => Task.FromResult(0)));
        }
        finally
        {
            Console.SetError(standard);
        }

        Assert.Contains(words, said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_in_use_is_named_with_what_to_give()
    {
        Arguments taken = server.Arguments with { Port = server.Address.Port };
        await using WebApplication app = Server.Create(taken);
        var error = await Assert.ThrowsAsync<UsageException>(() => Server.StartAsync(app, taken, default));

        Assert.Contains($"--port is {taken.Port}; the server cannot listen there", error.Message, StringComparison.Ordinal);
    }

    private static void Held(Arguments arguments, string? words)
    {
        if (words is null)
            arguments.Require();
        else
            Assert.Contains(words, Assert.Throws<UsageException>(arguments.Require).Message, StringComparison.Ordinal);
    }
}
