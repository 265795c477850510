using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ServerPool;

namespace VariationalBoN.Tests.ExtensionsAI.Pools;

/// <summary>Answers as llama.cpp's server does: what it says of a token that ends within a character is left out.</summary>
internal sealed class LlamaServer(Func<ServedRequest, ServedAnswer> draw) : HttpMessageHandler
{
    private int _withheld;

    /// <summary>The tokens that nothing was said of.</summary>
    public int Withheld => _withheld;

    /// <summary>Whether it says nothing of any token.</summary>
    public bool IsSilent { get; set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Assert.Equal("/completion", request.RequestUri!.AbsolutePath);
        using JsonDocument body = await JsonDocument.ParseAsync(
            await request.Content!.ReadAsStreamAsync(cancellationToken),
            cancellationToken: cancellationToken
        );
        JsonElement json = body.RootElement;
        ServedAnswer answer = draw(
            new ServedRequest(
                json.GetProperty("model").GetString()!,
                [.. json.GetProperty("prompt").EnumerateArray().Select(id => id.GetInt32())],
                json.GetProperty("seed").GetInt64(),
                json.GetProperty("n_predict").GetInt32(),
                json.GetProperty("temperature").GetDouble(),
                TopK: 0,
                TopP: 1,
                [0] // its model's own end
            )
        );
        int[] told = [.. Enumerable.Range(0, answer.Tokens.Length).Where(i => !IsSilent && IsWhole(answer.Tokens[..(i + 1)]))];
        Interlocked.Add(ref _withheld, answer.Tokens.Length - told.Length);
        return new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = JsonContent.Create(
                new
                {
                    content = "partial text, which is nobody's",
                    tokens = answer.Tokens,
                    completion_probabilities = told.Select(i => new { id = answer.Tokens[i], logprob = answer.LogProbs[i] }),
                }
            ),
        };
    }

    /// <summary>Whether no character has begun that is not at its end.</summary>
    private static bool IsWhole(int[] tokens)
    {
        byte[] bytes = PieceTokenizer.Bytes(tokens);
        for (int back = 1; back <= Math.Min(4, bytes.Length); back++)
        {
            byte lead = bytes[^back];
            int length =
                (lead & 0xE0) == 0xC0 ? 2
                : (lead & 0xF0) == 0xE0 ? 3
                : (lead & 0xF8) == 0xF0 ? 4
                : 0;
            if (length > back)
                return false;
        }

        return true;
    }
}
