using System.Globalization;
// Rewards from a service: server and client in one command. The server is killed in the middle of the job and started again later; the job
// ends with the numbers that a local judge gives. Then a chat model judges.
using Microsoft.Extensions.AI;
using SampleHosting;
using VariationalBoN;
using VariationalBoN.Extensions.AI.Judges;
using VariationalBoN.Extensions.AI.References;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Rewards;

if (args is [ServerProcess.Command, string port])
{
    _ = Task.Run(() =>
    {
        while (Console.In.Read() >= 0) { }
        Environment.Exit(0); // the program that started this server is gone
    });
    await Server.RunAsync(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture));
    return 0;
}

if (
    CommandHost.Answer(
        args,
        "Scores by a service that is killed and started again, and by a chat model; says whether every reward is right."
    )
    is int exitCode
)
    return exitCode;

Prompt[] prompts = ["a day in spring", "a day in summer", "a day in autumn", "a day in winter"];
using var untrained = new TabularPolicy(prompts, vocabularySize: 6, length: 4);
using var reference = untrained.CloneFrozen();
using var server = new ServerProcess();
server.Start();
Console.WriteLine("The server runs in a process of its own.");

// The second batch kills the server; the first request that finds nobody starts it again.
int batches = 0,
    killed = 0;
void BeforeBatch()
{
    if (Interlocked.Increment(ref batches) == 2 && Interlocked.Exchange(ref killed, 1) == 0)
    {
        server.Kill();
        Console.WriteLine("The server was killed.");
    }
}

var watch = new Watchman(server) { InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = false } };

// snippet: http
using var client = new HttpClient(watch) { Timeout = TimeSpan.FromSeconds(30) };
IRewardModel reward = new HttpRewardModel(
    client,
    new()
    {
        Endpoint = new Uri(server.Address!, "/score"),
        Identity = Judge.Identity,
        MaxBatchSize = 64,
    }
).WithRetry(
    new()
    {
        MaxRetries = 8,
        BaseDelay = TimeSpan.FromSeconds(0.2),
        Logger = ConsoleLog.Warnings,
    }
);
var scoring = new ScoringOptions { BatchSize = 16, MaxConcurrency = 4 }; // at most 4 requests at once, of 16 completions

// end snippet
var table = await Estimate(new Watched(reward, BeforeBatch));

// The same with the judge in this process.
var local = RewardModel.FromFunction((prompt, text) => Judge.Variety(text) + Judge.Taste(prompt, text), Judge.Identity);
var expected = await Estimate(local);
bool same = table
    .Prompts.Zip(
        expected.Prompts,
        (a, b) => a.Excluded == 0 && a.Rewards.SequenceEqual(b.Rewards) && a.Responses.SequenceEqual(b.Responses)
    )
    .All(equal => equal);
foreach (var prompt in table.Prompts)
    Console.WriteLine(
        string.Create(
            CultureInfo.InvariantCulture,
            $"{prompt.Prompt, -16} mean reward {prompt.Rewards.Average():0.000000} over the wire, "
                + $"{expected[prompt.Prompt].Rewards.Average():0.000000} here, {prompt.Rewards.Length} rewards, {prompt.Excluded} excluded"
        )
    );

// A chat model as the judge, and as the reference that is sampled;
// this one runs in this process, so that the sample needs no service.
// snippet: chat
var lenient = new ScoringOptions { MaxConcurrency = 8, OnFailure = RewardFailure.Exclude };
using IChatClient chat = new ScriptedChat(); // or an OpenAI client on vLLM, Ollama, ...
IRewardModel judge = new ChatRewardModel(
    chat,
    new()
    {
        Template = "Rate from 0 to 10, with one number and nothing else:\n{completion}",
        MinReward = 0,
        MaxReward = 10,
    }
).WithRetry();
var sampler = new ChatReferenceSampler(chat, new() { MaxOutputTokens = 8, MaxConcurrency = 8 });
var judged = await sampler.EstimateAsync(judge, prompts, samplesPerPrompt: 32, seed: 1, lenient);

// end snippet
string folder = Directory.CreateTempSubdirectory("remote-reward-").FullName,
    store = Path.Combine(folder, "references.db");
bool wentOn;
using (var again = ReferenceStore.Open(store, judged.Provenance))
    again.Append(judged.Prompts[..2]); // what a run had that was stopped half-way
{
    // snippet: resume
    var options = new ReferenceTableOptions
    {
        SamplesPerPrompt = 32,
        Seed = 1,
        Store = store,
        PromptsPerBatch = 1,
    };
    using var kept = await sampler.EstimateAsync(judge, prompts, options, lenient); // the same call goes on after a kill
    // end snippet
    wentOn = kept.Prompts.Zip(judged.Prompts, (a, b) => a.Excluded == b.Excluded && a.Rewards.SequenceEqual(b.Rewards)).All(equal => equal);
}

Directory.Delete(folder, recursive: true);
int excluded = judged.Prompts.Sum(prompt => prompt.Excluded);
int unusable = (await sampler.SampleAsync(prompts, 32, new DrawSeed(1, DrawPurpose.Reference))).Count(drawn =>
    ScriptedChat.Rate(drawn.Text) is null
);
bool honest =
    wentOn
    && excluded == unusable
    && excluded > 0
    && judged.Prompts.All(prompt => prompt.Rewards.Zip(prompt.Responses).All(pair => ScriptedChat.Rate(pair.Second) == pair.First));
Console.WriteLine(
    $"The chat judge rated {judged.Prompts.Sum(prompt => prompt.Rewards.Length)} samples; {excluded} answers were no number, so their "
        + $"samples were left out and counted, not rated 0."
);

bool survived = killed == 1 && watch.Failures > 0;
Console.WriteLine(
    same && survived && honest
        ? "The server died and came back; every reward is the local one, bit for bit."
        : $"FAILED: rewards equal {same}, killed {killed}, failed requests {watch.Failures}, chat judge right {honest}."
);
return same && survived && honest ? 0 : 1;

Task<ReferenceTable> Estimate(IRewardModel judge) =>
    ReferenceTable.EstimateAsync(
        new Scorer(reference, judge, scoring),
        prompts,
        new ReferenceTableOptions { SamplesPerPrompt = 128, Seed = 1 }
    );

/// <summary>Starts the server again when the first request has found nobody.</summary>
internal sealed class Watchman(ServerProcess server) : DelegatingHandler
{
    private int _failures;

    /// <summary>Requests that found nobody.</summary>
    public int Failures => _failures;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException) when (Interlocked.Increment(ref _failures) == 1)
        {
            server.Start();
            Console.WriteLine("A request failed, as it must, and the server was started again.");
            throw;
        }
    }
}

/// <summary>Says when a batch is about to be scored.</summary>
internal sealed class Watched(IRewardModel model, Action beforeBatch) : IRewardModel
{
    public ModelIdentity Identity => model.Identity;

    public Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        beforeBatch();
        return model.ScoreAsync(completions, cancellationToken);
    }
}
