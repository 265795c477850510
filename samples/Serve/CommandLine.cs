using System.CommandLine;
using SampleHosting;

namespace Serve;

/// <summary>The options of the program. Stateless.</summary>
internal static class CommandLine
{
    private const string Purpose =
        "Serves an aligned model on this machine: the chat API of OpenAI, a page that compares reference, policy and Best-of-N, health, "
        + "metrics.";

    private static readonly Option<string> Model = Folder(
        "--model",
        "Directory of the aligned model, as Hugging Face lays it out [default: tiny models, made within seconds]."
    );
    private static readonly Option<string> Adapters = Folder(
        "--adapters",
        "Directory of LoRA adapters (PEFT); --model is then the base model, which is also the model before alignment."
    );
    private static readonly Option<string> Reference = Folder(
        "--reference",
        "Directory of the model before alignment, where --model is the aligned one."
    );
    private static readonly Option<string> Reward = Folder(
        "--reward",
        "Directory of a sequence classifier: rewards on the page, and literal Best-of-N."
    );
    private static readonly Option<string> Label = new("--label")
    {
        Description = "The label that is rewarded, such as POSITIVE; needed where the classifier has more than one.",
    };

    private static readonly Option<int> N = OptionChecks.Number(
        "--n",
        "N of literal Best-of-N.",
        8,
        value => value is >= 1 and <= 1024,
        "from 1 to 1024"
    );
    private static readonly Option<int?> MaxNewTokens = OptionChecks.Number<int>(
        "--max-new-tokens",
        "The most tokens of an answer [default: 256; of the tiny models 24].",
        value => value >= 1,
        "at least 1"
    );
    private static readonly Option<int> Port = OptionChecks.Number(
        "--port",
        "Port on the loopback address; 0 takes a free one.",
        5080,
        value => value is >= 0 and <= 65535,
        "from 0 to 65535"
    );
    private static readonly Option<int> MaxRequests = OptionChecks.Number(
        "--max-requests",
        "The most requests of a model that wait for a place; one more is refused with 429.",
        256,
        value => value >= 1,
        "at least 1"
    );
    private static readonly Option<int> Threads = OptionChecks.Number(
        "--threads",
        "Threads of libtorch: for a real model the cores that are free.",
        1,
        value => value >= 1,
        "at least 1"
    );
    private static readonly Option<string> ElementType = CommonOptions.ElementType(
        "Number format of the weights in memory: bfloat16 takes half of float32, and is faster where the processor has it."
    );
    private static readonly Option<string> Output = CommonOptions.Output(
        "Folder for the tiny models; they are made once and read again by the next run."
    );
    private static readonly Option<bool> Quick = new("--quick")
    {
        Description = "Start, send requests with a client of Microsoft.Extensions.AI, print the answers, and end.",
    };

    private static readonly Option<bool> Plain = FastRuntime.Plain();

    /// <summary>Parses the arguments and serves, or says in one line what is wrong.</summary>
    public static Task<int> InvokeAsync(string[] args, Func<Arguments, CancellationToken, Task<int>> serve)
    {
        var program = new RootCommand(Purpose)
        {
            Model,
            Adapters,
            Reference,
            Reward,
            Label,
            N,
            MaxNewTokens,
            ElementType,
            Port,
            MaxRequests,
            Threads,
            Output,
            Quick,
            Plain,
        };
        program.Validators.Add(result =>
        {
            bool tiny = result.GetResult(Model) is null;
            if (tiny && new[] { Adapters, Reference, Reward, Label }.Any(option => result.GetResult(option) is not null))
                result.AddError("--adapters, --reference, --reward and --label need --model, the directory of the model that is served");
            else if (result.GetResult(Label) is not null && result.GetResult(Reward) is null)
                result.AddError("--label needs --reward, the directory of the classifier that has it");
        });
        program.SetAction((result, cancellationToken) => serve(Read(result), cancellationToken));
        return CommandHost.InvokeAsync(program, args);
    }

    private static Arguments Read(ParseResult result)
    {
        var plain = new Arguments();
        string? model = result.GetValue(Model);
        return plain with
        {
            Output = result.GetValue(Output) ?? plain.Output,
            Model = model,
            Adapters = result.GetValue(Adapters),
            Reference = result.GetValue(Reference),
            Reward = result.GetValue(Reward),
            RewardLabel = result.GetValue(Label),
            N = result.GetValue(N),
            MaxNewTokens = result.GetValue(MaxNewTokens) ?? (model is null ? Arguments.TinyMaxNewTokens : plain.MaxNewTokens),
            ElementType = CommonOptions.ElementTypeOf(result.GetRequiredValue(ElementType)),
            Port = result.GetValue(Port),
            MaxRequests = result.GetValue(MaxRequests),
            Threads = result.GetValue(Threads),
            Quick = result.GetValue(Quick),
            PlainRuntime = result.GetValue(Plain),
        };
    }

    private static Option<string> Folder(string name, string description) =>
        new Option<string>(name) { Description = description }.Checked(
            Directory.Exists,
            value => $"{name} is '{value}'; there is no such directory"
        );
}
