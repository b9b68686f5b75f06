# modules.mk - how the folders in MODULES and TEST_MODULES are built and staged
#
# Automake knows libraries and programs but not modules, so these rules are
# plain GNU make. Every file of a module is copied to stage/MODULE/; the C files
# beside its module.json see the public headers only and become
# stage/MODULE/NAME.so. All files are renamed into place, so that a server that
# has the old one mapped keeps it.
#
# What one module needs besides is a target-specific variable in a local.am:
#     stage/modules/x/x.so: module_libs = $(X_LIBS)
#     modules/x/x.o: module_extra_cppflags = $(X_CFLAGS)

all_modules := $(strip $(MODULES) $(TEST_MODULES))

files_of = $(if $(strip $(1)),$(shell cd '$(srcdir)' && find $(1) -type f \
	! -name '.*' ! -name '*~' ! -name '*.[od]' ! -name '*.so'))
objects_of = $(patsubst $(srcdir)/%.c,%.o,$(wildcard $(srcdir)/$(1)/*.c))
library_of = $(if $(call objects_of,$(1)),stage/$(1)/$(notdir $(1)).so)
libraries_of = $(foreach module,$(1),$(call library_of,$(module)))
staged = $(addprefix stage/,$(call files_of,$(1))) $(call libraries_of,$(1))

module_staged := $(call staged,$(MODULES))
test_module_staged := $(call staged,$(TEST_MODULES))
module_libraries := $(call libraries_of,$(all_modules))
module_objects := $(foreach m,$(all_modules),$(call objects_of,$(m)))
module_copies := $(filter-out $(module_libraries),\
	$(module_staged) $(test_module_staged))

stage-modules: $(module_staged)
stage-test-modules: $(test_module_staged)

$(module_copies): stage/%: $(srcdir)/%
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)cp $< $@.new && mv -f $@.new $@

$(module_objects): %.o: $(srcdir)/%.c
	@$(MKDIR_P) $(@D)
	$(AM_V_CC)$(CC) $(module_cppflags) $(module_extra_cppflags) \
	$(CPPFLAGS) $(AM_CFLAGS) -fPIC -fvisibility=hidden $(CFLAGS) -MMD -MP -c -o $@ $<

define link_rule
$(call library_of,$(1)): $(call objects_of,$(1)) libfulcra.la
	@$$(MKDIR_P) $$(@D)
	$$(AM_V_CCLD)$$(CC) -shared $$(AM_CFLAGS) $$(CFLAGS) $$(AM_LDFLAGS) \
	$$(NO_UNDEFINED) $$(LDFLAGS) -o $$@.new $$(filter %.o,$$^) \
	-L.libs -lfulcra $$(JSON_LIBS) $$(GLIB_LIBS) $$(module_libs) && \
	mv -f $$@.new $$@

endef
$(foreach m,$(all_modules),\
	$(if $(call objects_of,$(m)),$(eval $(call link_rule,$(m)))))

-include $(module_objects:.o=.d)

install-modules: $(module_staged)
	@for file in $(module_staged); do \
	  target="$(DESTDIR)$(pkglibdir)/$${file#stage/}"; \
	  $(MKDIR_P) "$${target%/*}" && \
	  $(INSTALL_DATA) "$$file" "$$target" || exit 1; \
	done

uninstall-modules:
	rm -rf "$(DESTDIR)$(pkglibdir)/modules" "$(DESTDIR)$(pkglibdir)/demos"
	-rmdir "$(DESTDIR)$(pkglibdir)" 2>/dev/null

clean-modules:
	rm -rf stage
	rm -f $(module_objects) $(module_objects:.o=.d)

.PHONY: stage-modules stage-test-modules install-modules uninstall-modules \
	clean-modules
