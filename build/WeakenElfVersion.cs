using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Marks one symbol-version requirement of 64-bit ELF libraries as weak (VER_FLG_WEAK), so that the loader accepts a platform
/// library without that version. A file that lacks the requirement, or has it weak already, is left alone.
/// </summary>
public class WeakenElfVersion : Task
{
    private const uint SectionVersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort Weak = 2;                       // VER_FLG_WEAK

    [Required]
    public ITaskItem[] Files { get; set; }

    [Required]
    public string Version { get; set; }

    public override bool Execute()
    {
        foreach (var file in Files)
        {
            var path = file.ItemSpec;
            try
            {
                var bytes = File.ReadAllBytes(path);
                if (!Weaken(bytes)) { continue; }

                // Written beside and renamed over: the output may be a hard link into the package cache.
                var mended = path + ".mended";
                File.WriteAllBytes(mended, bytes);
                File.Delete(path);
                File.Move(mended, path);
                Log.LogMessage(MessageImportance.Normal, "Weakened {0} in {1}", Version, path);
            }
            catch (Exception e) when (e is IOException || e is UnauthorizedAccessException || e is IndexOutOfRangeException || e is ArgumentException)
            {
                Log.LogError("Could not weaken the requirement of {0} in {1}: {2}", Version, path, e.Message);
            }
        }

        return !Log.HasLoggedErrors;
    }

    private bool Weaken(byte[] elf)
    {
        if (elf.Length < 0x40 || elf[0] != 0x7f || elf[1] != 'E' || elf[2] != 'L' || elf[3] != 'F' || elf[4] != 2) { return false; }

        var sections = (int)BitConverter.ToUInt64(elf, 0x28);
        int sectionSize = BitConverter.ToUInt16(elf, 0x3A);
        int sectionCount = BitConverter.ToUInt16(elf, 0x3C);
        for (var i = 0; i < sectionCount; i++)
        {
            var header = sections + (i * sectionSize);
            if (BitConverter.ToUInt32(elf, header + 4) != SectionVersionNeeds) { continue; }

            var start = (int)BitConverter.ToUInt64(elf, header + 0x18);
            var link = (int)BitConverter.ToUInt32(elf, header + 0x28);
            var names = (int)BitConverter.ToUInt64(elf, sections + (link * sectionSize) + 0x18);
            return WeakenIn(elf, start, names);
        }

        return false;
    }

    private bool WeakenIn(byte[] elf, int need, int names)
    {
        while (true)
        {
            int count = BitConverter.ToUInt16(elf, need + 2);
            var aux = need + (int)BitConverter.ToUInt32(elf, need + 8);
            for (var i = 0; i < count; i++)
            {
                var flags = BitConverter.ToUInt16(elf, aux + 4);
                if (NameAt(elf, names + (int)BitConverter.ToUInt32(elf, aux + 8)) == Version)
                {
                    if ((flags & Weak) != 0) { return false; }
                    elf[aux + 4] |= (byte)Weak;
                    return true;
                }

                aux += (int)BitConverter.ToUInt32(elf, aux + 12);
            }

            var next = (int)BitConverter.ToUInt32(elf, need + 12);
            if (next == 0) { return false; }
            need += next;
        }
    }

    private static string NameAt(byte[] elf, int offset)
    {
        var end = Array.IndexOf(elf, (byte)0, offset);
        return Encoding.ASCII.GetString(elf, offset, end - offset);
    }
}
