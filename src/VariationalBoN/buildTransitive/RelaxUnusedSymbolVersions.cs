// Compiled by MSBuild (RoslynCodeTaskFactory) on the machine that builds the application, against .NET Standard 2.0.
using System;
using System.Collections.Generic;
using System.IO;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Copies ELF shared libraries, marking as weak each symbol version that a library names but that none of its
/// relocations uses. The dynamic linker skips a missing weak version; a missing strong one makes it refuse the library.
/// </summary>
public sealed class RelaxUnusedSymbolVersions : Task
{
    [Required]
    public ITaskItem[] Sources { get; set; }

    [Required]
    public ITaskItem[] Destinations { get; set; }

    public override bool Execute()
    {
        var done = new List<string>();
        for (int i = 0; i < Sources.Length; i++)
        {
            string source = Sources[i].GetMetadata("FullPath"),
                destination = Destinations[i].GetMetadata("FullPath");
            byte[] image = File.ReadAllBytes(source);
            try
            {
                List<string> versions = Elf64.RelaxUnusedVersions(image);
                done.Add(
                    destination
                        + (
                            versions.Count == 0
                                ? " is an unchanged copy: every symbol version that it requires is used"
                                : " is a copy in which the unused symbol version " + string.Join(", ", versions) + " is optional"
                        )
                );
            }
            catch (Exception e)
                when (e is InvalidDataException || e is ArgumentException || e is IndexOutOfRangeException || e is OverflowException)
            {
                done.Add(destination + " is an unchanged copy: " + source + " cannot be read as a library of Linux, " + e.Message);
                image = File.ReadAllBytes(source);
            }

            try
            {
                Replace(destination, image);
            }
            catch (Exception e) when (e is IOException || e is UnauthorizedAccessException || e is ArgumentOutOfRangeException)
            {
                // The last is what .NET throws for a file that reaches the limit of a file's size.
                Log.LogError("VariationalBoN: {0} cannot be written: {1}", destination, e.Message);
                return false;
            }
        }

        if (done.Count > 0)
        {
            Log.LogMessage(
                MessageImportance.High,
                "VariationalBoN: {0}. It takes the place of TorchSharp's library in the output, so "
                    + "that it loads on Debian 12 and Ubuntu 22.04; the NuGet cache stays as it is. "
                    + "Switch off with RelaxTorchSharpSymbolVersions=false.",
                string.Join("; ", done)
            );
        }

        return !Log.HasLoggedErrors;
    }

    /// <summary>
    /// Puts a whole file in the place of what is there, or changes nothing. The old file is not written to:
    /// hard links to it, and programs that have it loaded, keep it.
    /// </summary>
    private static void Replace(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path));
        string temporary = path + "." + Guid.NewGuid().ToString("N") + ".tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                stream.Write(content, 0, content.Length);
                stream.Flush(true);
            }

            if (File.Exists(path))
                File.Replace(temporary, path, null);
            else
                File.Move(temporary, path);
        }
        finally
        {
            File.Delete(temporary); // there only when something above failed
        }
    }

    /// <summary>The little of ELF64 little-endian that symbol versioning needs, as the dynamic linker itself reads it.</summary>
    internal sealed class Elf64
    {
        private const int PtLoad = 1,
            PtDynamic = 2;
        private const ulong DtStrTab = 5,
            DtSymTab = 6,
            DtRela = 7,
            DtRelaSize = 8,
            DtPltRelSize = 2,
            DtJmpRel = 23;
        private const ulong DtVerSym = 0x6ffffff0,
            DtVerNeed = 0x6ffffffe,
            DtVerNeedNum = 0x6fffffff;
        private const ushort VerFlagWeak = 2;

        private readonly byte[] _image;
        private readonly List<ulong[]> _segments = new List<ulong[]>();
        private readonly Dictionary<ulong, ulong> _dynamic = new Dictionary<ulong, ulong>();

        private Elf64(byte[] image)
        {
            _image = image;
            if (image.Length < 64 || U32(0) != 0x464c457f || image[4] != 2 || image[5] != 1)
                throw new InvalidDataException("not a 64-bit little-endian ELF file");

            int headers = checked((int)U64(32)),
                size = U16(54),
                count = U16(56);
            int dynamic = -1,
                dynamicEnd = -1;
            for (int i = 0, p = headers; i < count; i++, p += size)
            {
                if (U32(p) == PtLoad)
                    _segments.Add(new[] { U64(p + 16), U64(p + 8), U64(p + 32) }); // address, offset, bytes in the file
                else if (U32(p) == PtDynamic)
                    dynamicEnd = checked((dynamic = (int)U64(p + 8)) + (int)U64(p + 32));
            }

            for (int p = dynamic; p >= 0 && p < dynamicEnd && U64(p) != 0; p += 16)
                _dynamic[U64(p)] = U64(p + 8);
        }

        /// <summary>Sets VER_FLG_WEAK where it is due, in place.</summary>
        /// <returns>The versions that became weak, none when there was nothing to do.</returns>
        public static List<string> RelaxUnusedVersions(byte[] image)
        {
            var elf = new Elf64(image);
            var relaxed = new List<string>();
            if (!elf._dynamic.ContainsKey(DtVerNeed))
                return relaxed;

            HashSet<int> used = elf.VersionsOfRelocatedSymbols();
            int strings = elf.Offset(elf._dynamic[DtStrTab]),
                need = elf.Offset(elf._dynamic[DtVerNeed]);
            for (ulong n = elf._dynamic[DtVerNeedNum]; n > 0; n--)
            {
                int aux = checked(need + (int)elf.U32(need + 8));
                for (int count = elf.U16(need + 2); count > 0; count--)
                {
                    int flags = elf.U16(aux + 4),
                        index = elf.U16(aux + 6) & 0x7fff;
                    if (!used.Contains(index) && (flags & VerFlagWeak) == 0)
                    {
                        image[aux + 4] |= (byte)VerFlagWeak;
                        relaxed.Add(elf.Text(checked(strings + (int)elf.U32(aux + 8))));
                    }

                    aux = checked(aux + (int)elf.U32(aux + 12));
                }

                need = checked(need + (int)elf.U32(need + 12));
            }

            return relaxed;
        }

        private HashSet<int> VersionsOfRelocatedSymbols()
        {
            var used = new HashSet<int>();
            int versions = Offset(_dynamic[DtVerSym]);
            foreach (ulong[] table in new[] { new[] { DtRela, DtRelaSize }, new[] { DtJmpRel, DtPltRelSize } })
            {
                if (!_dynamic.ContainsKey(table[0]))
                    continue;
                int start = Offset(_dynamic[table[0]]),
                    end = checked(start + (int)_dynamic[table[1]]);
                for (int p = start; p < end; p += 24)
                {
                    int symbol = checked((int)(U64(p + 8) >> 32));
                    if (symbol != 0)
                        used.Add(U16(versions + 2 * symbol) & 0x7fff);
                }
            }

            return used;
        }

        private int Offset(ulong address)
        {
            foreach (ulong[] s in _segments)
            {
                if (address >= s[0] && address - s[0] < s[2])
                    return checked((int)(s[1] + (address - s[0])));
            }

            throw new InvalidDataException("address 0x" + address.ToString("x") + " is in no loaded segment");
        }

        private string Text(int offset)
        {
            int end = Array.IndexOf(_image, (byte)0, offset);
            return System.Text.Encoding.ASCII.GetString(_image, offset, end - offset);
        }

        private ushort U16(int offset) => BitConverter.ToUInt16(_image, offset);

        private uint U32(int offset) => BitConverter.ToUInt32(_image, offset);

        private ulong U64(int offset) => BitConverter.ToUInt64(_image, offset);
    }
}
