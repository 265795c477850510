using System.Collections.Immutable;
using VariationalBoN.Policies;
using VariationalBoN.Testing.Checks;

namespace VariationalBoN.Tests.Policies;

/// <summary>Prompts that have their special tokens already, and prompts that have them twice.</summary>
[Trait("Tier", "torch")]
public sealed class SpecialTokenTests
{
    // a template put the 0, the beginning of a text, before the first and the last
    private static readonly Prompt[] s_rendered = ["0 2 3", "2", "0 4"];

    private readonly List<string> _warnings = [];

    private CausalLmPolicy Policy(bool rendered = false) =>
        new(
            TinyModels.Gpt2(),
            new FramedTokenizer(),
            new GenerationOptions
            {
                MaxNewTokens = 3,
                PromptsHaveSpecialTokens = rendered,
                Logger = HeardLog.Warnings(_warnings.Add),
            }
        );

    [Fact]
    public void Special_tokens_that_stand_twice_are_warned_of_once_for_a_policy()
    {
        var policy = Policy();
        var drawn = policy.Sample(s_rendered, 1, new DrawSeed(1, DrawPurpose.Rollout));
        policy.Sample(s_rendered, 1, new DrawSeed(2, DrawPurpose.Rollout));
        policy.With(policy.Options with { Temperature = 2 }).Sample(s_rendered, 1, new DrawSeed(2, DrawPurpose.Rollout));

        Assert.Equal<int>([0, 0, 2, 3], drawn[0].PromptTokens);
        string warning = Assert.Single(_warnings);
        Assert.Contains(
            "Prompt 0, \"0 2 3\", has its special tokens twice (token 0), and so have 1 more of 3",
            warning,
            StringComparison.Ordinal
        );
        Assert.Contains(nameof(GenerationOptions.PromptsHaveSpecialTokens), warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Prompts_that_have_their_special_tokens_get_no_others()
    {
        var drawn = Policy(rendered: true).Sample(s_rendered, 1, new DrawSeed(1, DrawPurpose.Rollout));

        Assert.Equal<int>([0, 2, 3], drawn[0].PromptTokens);
        Assert.Equal<int>([2], drawn[1].PromptTokens);
        Assert.Empty(_warnings);
        Assert.NotEqual(Policy().Identity, Policy(rendered: true).Identity);
    }

    [Theory]
    [InlineData("2 2 3")]
    [InlineData("2 0 0")]
    [InlineData("2 2 2")]
    public void Text_that_repeats_itself_has_no_special_token_twice(string prompt)
    {
        Policy().Sample([prompt], 1, new DrawSeed(1, DrawPurpose.Rollout));
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Check_of_a_policy_fails_on_them()
    {
        var options = new PolicyCheckOptions { Draws = 200 };
        var failed = PolicyCheck.Run(Policy(), s_rendered, options)["prompts: special tokens"];
        var passed = PolicyCheck.Run(Policy(rendered: true), s_rendered, options)["prompts: special tokens"];

        Assert.Equal(CheckStatus.Failed, failed.Status);
        Assert.Contains("twice", failed.Detail, StringComparison.Ordinal);
        Assert.Contains(failed.LikelyCauses, cause => cause.Contains("chat template", StringComparison.Ordinal));
        Assert.Equal(CheckStatus.Passed, passed.Status);
    }

    /// <summary>Numbers that begin with 0.</summary>
    private sealed class FramedTokenizer : ITokenizer
    {
        private readonly NumberTokenizer _numbers = new(TinyModels.Vocabulary);

        public ModelIdentity Identity => "framed numbers";

        public int VocabularySize => _numbers.VocabularySize;

        public ImmutableArray<int> Encode(string text) => Encode(text, addSpecialTokens: true);

        public ImmutableArray<int> Encode(string text, bool addSpecialTokens) =>
            addSpecialTokens ? [0, .. _numbers.Encode(text)] : _numbers.Encode(text);

        public string Decode(IReadOnlyList<int> tokens) => _numbers.Decode(tokens);
    }
}
